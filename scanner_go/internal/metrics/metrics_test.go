package metrics

import (
	"testing"
	"time"
)

func TestScansAreAveraged(t *testing.T) {
	counter := New()
	if s := counter.Read(); s.Scans != 0 || s.AverageSeconds != 0 || s.SymbolsPerSecond != 0 {
		t.Errorf("before any scan: %+v", s)
	}
	counter.Scanned(100, time.Second)
	counter.Scanned(500, 3*time.Second)
	if s := counter.Read(); s.Scans != 2 || s.AverageSeconds != 2 || s.SymbolsPerSecond != 150 {
		t.Errorf("got %+v", s)
	}
}

func TestMemoryAndProcessorAreMeasured(t *testing.T) {
	counter := New()
	for busy := time.Now(); time.Since(busy) < 20*time.Millisecond; {
		counter.Scanned(1, 1)
	}
	if s := counter.Read(); s.MemoryMB < 1 || s.CPUPercent <= 0 {
		t.Errorf("got %+v", s)
	}
}

func TestLoopbackAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:9090": true, "127.1.2.3:0": true, "[::1]:9090": true,
		"0.0.0.0:9090": false, ":9090": false, "[::]:9090": false, "192.0.2.1:9090": false, "localhost:9090": false, "": false, "127.0.0.1": false,
	} {
		if got := Loopback(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}
