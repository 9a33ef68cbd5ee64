package main

import (
	"runtime"
	"syscall"
	"time"
)

// What this process has used: CPU in microseconds, allocations in bytes.
type usage struct {
	seconds, user, system float64
	allocated             uint64
}

func used() usage {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	var cpu syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &cpu))
	return usage{user: micros(cpu.Utime), system: micros(cpu.Stime), allocated: memory.TotalAlloc}
}

func (u usage) since(before usage, elapsed time.Duration) usage {
	return usage{elapsed.Seconds(), u.user - before.user, u.system - before.system, u.allocated - before.allocated}
}

func micros(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
