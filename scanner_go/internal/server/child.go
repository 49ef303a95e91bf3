package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/handshake"
)

const graceful = time.Second

// RunChild serves the parent on loopback until its end of stdin closes or ctx ends.
func RunChild(ctx context.Context, stdin io.Reader, stdout io.Writer, log *slog.Logger) error {
	reader := bufio.NewReader(stdin)
	bootstrap, err := handshake.ReadBootstrap(reader)
	if err != nil {
		return err
	}
	config, certificate, err := handshake.ServerTLS(bootstrap.ClientCAPEM, time.Now())
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen on loopback: %w", err)
	}
	guard := handshake.NewGuard(bootstrap.Token)
	service := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(config)),
		grpc.UnaryInterceptor(guard.Unary),
		grpc.StreamInterceptor(guard.Stream),
		grpc.MaxRecvMsgSize(maxReceivedBytes),
	)
	asked := make(chan struct{})
	pb.RegisterScannerServer(service, New(Options{
		MaxConcurrency: bootstrap.MaxConcurrency, Store: bootstrap.Store, Kernel: bootstrap.Kernel,
		Providers: bootstrap.Providers, Log: log,
		Shutdown: sync.OnceFunc(func() { close(asked) }),
	}))
	alive := health.NewServer()
	healthpb.RegisterHealthServer(service, alive)

	served := make(chan error, 1)
	go func() { served <- service.Serve(listener) }()
	parentGone := make(chan struct{})
	go func() {
		// Nothing more is expected on stdin: its end means the parent is gone.
		_, _ = io.Copy(io.Discard, reader)
		close(parentGone)
	}()
	if err := handshake.Announce(stdout, listener.Addr(), certificate); err != nil {
		service.Stop()
		return err
	}
	log.Info("serving", "address", listener.Addr().String())
	select {
	case err = <-served:
		return err
	case <-parentGone:
		log.Info("the station closed the line: ending")
	case <-asked:
		log.Info("the station asked to end")
	case <-ctx.Done():
		log.Info("asked to end")
	}
	alive.Shutdown()
	timer := time.AfterFunc(graceful, service.Stop)
	defer timer.Stop()
	service.GracefulStop()
	return <-served
}
