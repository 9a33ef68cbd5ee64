package main

import (
	"encoding/binary"
	"io"
	"log"
	"sort"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const patience = 20 * time.Second

var epoch = time.Now() // timestamps count from here, on the monotonic clock

// The echoes that are expected of all connections together, and their round trips.
type echoes struct {
	size       int
	roundTrips []int64 // by the message's number, in nanoseconds; 0 if it has not come
	arrived    int64
	all        chan struct{}
}

func (e *echoes) expect(count int) {
	e.roundTrips = make([]int64, count)
	e.all = make(chan struct{})
	atomic.StoreInt64(&e.arrived, 0)
}

func (e *echoes) receive(conn *websocket.Conn) {
	buffer := make([]byte, e.size+1) // one more shows a message that is too long
	for {
		_, reader, err := conn.NextReader()
		check(err)
		length, err := io.ReadFull(reader, buffer)
		if err != io.ErrUnexpectedEOF || length != e.size {
			log.Fatalf("gorilla: an echo has %d bytes instead of %d: %v", length, e.size, err)
		}
		e.add(buffer)
	}
}

func (e *echoes) add(message []byte) {
	now := int64(time.Since(epoch))
	number := binary.LittleEndian.Uint32(message[8:])
	roundTrip := now - int64(binary.LittleEndian.Uint64(message))
	if roundTrip < 1 {
		roundTrip = 1
	}
	if atomic.SwapInt64(&e.roundTrips[number], roundTrip) != 0 {
		log.Fatalf("gorilla: the echo of message %d came twice", number)
	}
	if atomic.AddInt64(&e.arrived, 1) == int64(len(e.roundTrips)) {
		close(e.all)
	}
}

func (e *echoes) wait() {
	select {
	case <-e.all:
	case <-time.After(patience):
		missing := int64(len(e.roundTrips)) - atomic.LoadInt64(&e.arrived)
		log.Fatalf("gorilla: %d of %d echoes are missing", missing, len(e.roundTrips))
	}
}

// In microseconds.
func (e *echoes) percentiles() (p50, p99 float64) {
	sorted := append([]int64(nil), e.roundTrips...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return float64(sorted[len(sorted)/2]) / 1e3, float64(sorted[len(sorted)*99/100]) / 1e3
}

// Writes a message's time and number.
func stamp(message []byte, number int) {
	binary.LittleEndian.PutUint32(message[8:], uint32(number))
	binary.LittleEndian.PutUint64(message, uint64(time.Since(epoch)))
}
