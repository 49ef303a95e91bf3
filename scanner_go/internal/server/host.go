package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/handshake"
	"vst/scanner/internal/metrics"
)

const (
	// greeting bounds a connection's TLS handshake, so that silent strangers do not pile up.
	greeting = 10 * time.Second
	// notice is how long a cancelled call may take to end: the end of a parent is ours within 1 s.
	notice = 500 * time.Millisecond
	// maxStreams bounds the calls under way of one connection.
	maxStreams = 256
)

// errCallerGone ends a host at once: nobody waits for the calls under way.
var errCallerGone = errors.New("the station closed the line")

// host is what stands around the contract's calls, the same for a child and a service.
type host struct {
	address string
	tls     *tls.Config
	token   string
	options Options
	// metrics is the address of the Prometheus endpoint; empty is none.
	metrics  string
	profiles bool
	// patience is how long calls under way may go on after the end was asked for.
	patience time.Duration
}

// run serves until ctx ends. ready is called with the address once calls are taken.
func (h host) run(ctx context.Context, ready func(net.Addr) error) (err error) {
	if err := h.options.check(); err != nil {
		return err
	}
	scanner, err := New(h.options)
	if err != nil {
		return err
	}
	quiet := true
	defer func() {
		// Calls that still read the mapped bars must not find them gone.
		if quiet {
			err = errors.Join(err, scanner.Close())
		}
	}()
	if h.metrics != "" {
		handler := metrics.Handler(scanner.metrics, scanner.library.Size, h.profiles)
		endpoint, err := metrics.Listen(ctx, h.metrics, handler, h.options.Log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, endpoint.Close()) }()
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.address)
	if err != nil {
		return err
	}
	guard := handshake.NewGuard(h.token)
	service := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(h.tls)),
		grpc.ChainUnaryInterceptor(scanner.metrics.Unary, guard.Unary),
		grpc.ChainStreamInterceptor(scanner.metrics.Stream, guard.Stream),
		grpc.MaxRecvMsgSize(maxReceivedBytes),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(greeting),
		grpc.WaitForHandlers(true),
	)
	pb.RegisterScannerServer(service, scanner)
	alive := health.NewServer()
	healthpb.RegisterHealthServer(service, alive)
	served := make(chan error, 1)
	go func() { served <- service.Serve(listener) }()
	if err := ready(listener.Addr()); err != nil {
		service.Stop()
		return errors.Join(err, <-served)
	}
	h.options.Log.Info("serving", "address", listener.Addr().String())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		h.options.Log.Info("ending", "why", context.Cause(ctx).Error())
	}
	alive.Shutdown()
	if errors.Is(context.Cause(ctx), errCallerGone) {
		h.patience = 0
	}
	if quiet = h.stop(service); !quiet {
		return errors.New("calls under way did not end when they were cancelled")
	}
	return <-served
}

// stop ends service and tells whether every call has ended. Calls that go on past the patience are
// cancelled, and given a moment to notice.
func (h host) stop(service *grpc.Server) bool {
	ended := make(chan struct{})
	go func() {
		service.GracefulStop()
		close(ended)
	}()
	defer time.AfterFunc(h.patience, service.Stop).Stop()
	select {
	case <-ended:
		return true
	case <-time.After(h.patience + notice):
		return false
	}
}
