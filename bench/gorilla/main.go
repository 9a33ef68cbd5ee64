// The scale workloads of bench/Duplex.EndToEnd with gorilla/websocket: it joins them with --also gorilla=PROGRAM.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o bin/gorilla
//	bin/gorilla scale-total|scale-each URL SIZE COUNT [SECS]    COUNT sessions, measured for some seconds
//
// The first line needs Debian's packages golang-go and golang-github-gorilla-websocket-dev.
package main

import (
	"encoding/json"
	"log"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	totalRate   = 10_000 // messages a second of scale-total, and of every warm-up
	warmSeconds = 2
	openers     = 32
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 5 || len(os.Args) > 6 {
		log.Fatal("usage: gorilla scale-total|scale-each URL SIZE COUNT [SECS]")
	}
	mode := os.Args[1]
	size, sessions, seconds := number(os.Args[3]), number(os.Args[4]), 5.0
	if len(os.Args) == 6 {
		seconds = float(os.Args[5])
	}
	rate := float64(totalRate)
	switch mode {
	case "scale-total":
	case "scale-each":
		rate = float64(sessions)
	default:
		log.Fatalf("there is no workload %q", mode)
	}

	expected := &echoes{size: size}
	conns := open(strings.TrimRight(os.Args[2], "/")+"/paced", sessions, expected)
	pace(conns, expected, totalRate, totalRate*warmSeconds)
	runtime.GC() // what was opened is not the messages' garbage

	count := int(rate * seconds)
	measured := pace(conns, expected, rate, count)
	p50, p99 := expected.percentiles()
	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"peer": "gorilla", "mode": mode, "size": size, "sessions": sessions, "count": count,
		"secs": measured.seconds, "msg_s": float64(count) / measured.seconds,
		"cpu_us":  (measured.user + measured.system) / float64(count),
		"user_us": measured.user / float64(count), "sys_us": measured.system / float64(count),
		"alloc":  float64(measured.allocated) / float64(count),
		"p50_us": p50, "p99_us": p99,
	})
	check(err)
}

// Opens the connections, each with a goroutine that receives.
func open(url string, count int, expected *echoes) []*websocket.Conn {
	conns := make([]*websocket.Conn, count)
	next := int64(-1)
	var opening sync.WaitGroup
	for i := 0; i < openers; i++ {
		opening.Add(1)
		go func() {
			defer opening.Done()
			for i := atomic.AddInt64(&next, 1); i < int64(count); i = atomic.AddInt64(&next, 1) {
				conn, _, err := websocket.DefaultDialer.Dial(url, nil)
				check(err)
				conns[i] = conn
				go expected.receive(conn)
			}
		}()
	}
	opening.Wait()
	return conns
}

// Sends at a steady rate, round robin over the connections, until the last echo has arrived. What is late is sent at
// the next tick. WriteMessage has no form that does not wait: if a socket were full, it would delay the others, and
// their round trips would show it.
func pace(conns []*websocket.Conn, expected *echoes, rate float64, count int) usage {
	expected.expect(count)
	message := make([]byte, expected.size) // it is masked into the connection's own buffer
	before := used()
	began := time.Now()
	for sent := 0; sent < count; {
		time.Sleep(time.Millisecond)
		due := min(count, int(time.Since(began).Seconds()*rate))
		for ; sent < due; sent++ {
			stamp(message, sent)
			check(conns[sent%len(conns)].WriteMessage(websocket.BinaryMessage, message))
		}
	}
	expected.wait()
	return used().since(before, time.Since(began))
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func float(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal("gorilla: ", err)
	}
}
