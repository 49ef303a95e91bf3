// Package metrics counts what the service did and what it uses.
package metrics

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

const namespace = "vst_scanner"

// scanBuckets are upper bounds in seconds: from one symbol to ten thousand on a slow machine.
var scanBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Counter keeps the figures of scans and calls; safe for several goroutines.
type Counter struct {
	scans                    prometheus.Histogram
	symbols, signals, errors prometheus.Counter
	calls                    *prometheus.CounterVec

	mu     sync.Mutex
	readAt time.Time
	cpuAt  time.Duration
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
func New() *Counter {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	}
	return &Counter{
		scans: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "scan_seconds", Help: "How long scans took; its count is that of scans.", Buckets: scanBuckets,
		}),
		symbols: counter("symbols_total", "Symbols scanned."),
		signals: counter("signals_total", "Signals found."),
		errors:  counter("symbol_errors_total", "Symbols that a scan could not answer for."),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "calls_total", Help: "Calls of the contract, by method and code.",
		}, []string{"method", "code"}),
		readAt: time.Now(), cpuAt: cpuTime(),
	}
}

// Scanned counts one scan.
func (c *Counter) Scanned(symbols int, took time.Duration) {
	c.scans.Observe(took.Seconds())
	c.symbols.Add(float64(symbols))
}

// Found counts what scans answered.
func (c *Counter) Found(signals, errors int) {
	c.signals.Add(float64(signals))
	c.errors.Add(float64(errors))
}

// Unary counts unary calls, also those that an interceptor after it refuses.
func (c *Counter) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	answer, err := handler(ctx, request)
	c.called(info.FullMethod, err)
	return answer, err
}

// Stream counts streams, as Unary does.
func (c *Counter) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	err := handler(server, stream)
	c.called(info.FullMethod, err)
	return err
}

// called takes registered methods only: nobody makes up new labels.
func (c *Counter) called(method string, err error) {
	c.calls.WithLabelValues(method, status.Code(err).String()).Inc()
}

// Read returns the figures now.
func (c *Counter) Read() Snapshot {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	scans := written(c.scans).GetHistogram()
	symbols := written(c.symbols).GetCounter().GetValue()
	s := Snapshot{Scans: scans.GetSampleCount(), MemoryMB: float64(memory.Sys-memory.HeapReleased) / (1 << 20)}
	if s.Scans > 0 {
		s.AverageSeconds = scans.GetSampleSum() / float64(s.Scans)
	}
	if scans.GetSampleSum() > 0 {
		s.SymbolsPerSecond = symbols / scans.GetSampleSum()
	}
	now, cpu := time.Now(), cpuTime()
	c.mu.Lock()
	defer c.mu.Unlock()
	if elapsed := now.Sub(c.readAt); elapsed > 0 {
		s.CPUPercent = 100 * (cpu - c.cpuAt).Seconds() / elapsed.Seconds()
	}
	c.readAt, c.cpuAt = now, cpu
	return s
}

func written(metric prometheus.Metric) *dto.Metric {
	out := &dto.Metric{}
	// These metrics are made here, without labels: writing them cannot fail.
	_ = metric.Write(out)
	return out
}
