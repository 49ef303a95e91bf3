package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	headerPatience = 5 * time.Second
	idlePatience   = time.Minute
)

// Holdings tells how many series and bars are held now.
type Holdings func() (series, bars int)

// Handler answers /metrics in Prometheus' text form, and /debug/pprof/ when profiles are asked for.
func Handler(counter *Counter, held Holdings, profiles bool) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		counter.scans, counter.symbols, counter.signals, counter.errors, counter.calls,
		gauge("held_series", "Series held.", func() float64 { series, _ := held(); return float64(series) }),
		gauge("held_bars", "Bars held.", func() float64 { _, bars := held(); return float64(bars) }),
		// Resident memory, processor seconds, open files.
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, read)
}

// Endpoint is a Handler that listens.
type Endpoint struct {
	server *http.Server
	ended  chan struct{}
}

// Listen serves handler on address until Close.
func Listen(ctx context.Context, address string, handler http.Handler, log *slog.Logger) (*Endpoint, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	e := &Endpoint{
		server: &http.Server{Handler: handler, ReadHeaderTimeout: headerPatience, IdleTimeout: idlePatience},
		ended:  make(chan struct{}),
	}
	go func() {
		defer close(e.ended)
		if err := e.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the metrics endpoint ended", "error", err)
		}
	}()
	log.Info("serving metrics", "address", listener.Addr().String())
	return e, nil
}

// Close ends it; requests under way are cut off.
func (e *Endpoint) Close() error {
	err := e.server.Close()
	<-e.ended
	return err
}

// Loopback tells whether an address host:port is on this machine only.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
