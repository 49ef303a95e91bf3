package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strconv"
	"time"

	"vst/scanner/internal/certs"
	"vst/scanner/internal/handshake"
)

const childPatience = time.Second

// RunChild serves the parent on loopback until it asks for the end, its end of stdin closes or ctx
// ends.
func RunChild(ctx context.Context, stdin io.Reader, stdout io.Writer, log *slog.Logger) error {
	reader := bufio.NewReader(stdin)
	bootstrap, err := handshake.ReadBootstrap(reader)
	if err != nil {
		return err
	}
	own, err := certs.OneTime(time.Now())
	if err != nil {
		return err
	}
	config, err := certs.Server(own, []byte(bootstrap.ClientCAPEM))
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		// Nothing more is expected on stdin: its end means the parent is gone.
		_, _ = io.Copy(io.Discard, reader)
		end(errCallerGone)
	}()
	h := host{
		address: loopback(0), tls: config, token: bootstrap.Token, patience: childPatience, profiles: bootstrap.Pprof,
		options: Options{
			MaxConcurrency: bootstrap.MaxConcurrency, Store: bootstrap.Store, Kernel: bootstrap.Kernel,
			Providers: bootstrap.Providers, Log: log,
			Shutdown: func() { end(errors.New("the station asked for it")) },
		},
	}
	if bootstrap.MetricsPort != nil {
		h.metrics = loopback(*bootstrap.MetricsPort)
	}
	return h.run(ctx, func(address net.Addr) error {
		return handshake.Announce(stdout, address, own.Certificate[0])
	})
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
