// Package metrics counts what the service did and what it uses.
package metrics

import (
	"runtime"
	"sync"
	"time"
)

// Counter keeps the figures of scans; safe for several goroutines.
type Counter struct {
	mu      sync.Mutex
	scans   uint64
	seconds float64
	symbols uint64
	readAt  time.Time
	cpuAt   time.Duration
}

// Snapshot is the figures at one moment.
type Snapshot struct {
	Scans            uint64
	AverageSeconds   float64
	SymbolsPerSecond float64
	MemoryMB         float64
	// CPUPercent is of one core, since the snapshot before.
	CPUPercent float64
}

// New starts counting now.
func New() *Counter { return &Counter{readAt: time.Now(), cpuAt: cpuTime()} }

// Scanned counts one scan.
func (c *Counter) Scanned(symbols int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scans++
	c.symbols += uint64(symbols)
	c.seconds += took.Seconds()
}

// Read returns the figures now.
func (c *Counter) Read() Snapshot {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	now, cpu := time.Now(), cpuTime()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Snapshot{Scans: c.scans, MemoryMB: float64(memory.Sys-memory.HeapReleased) / (1 << 20)}
	if c.scans > 0 {
		s.AverageSeconds = c.seconds / float64(c.scans)
	}
	if c.seconds > 0 {
		s.SymbolsPerSecond = float64(c.symbols) / c.seconds
	}
	if elapsed := now.Sub(c.readAt); elapsed > 0 {
		s.CPUPercent = 100 * (cpu - c.cpuAt).Seconds() / elapsed.Seconds()
	}
	c.readAt, c.cpuAt = now, cpu
	return s
}
