package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"vst/scanner/internal/certs"
	"vst/scanner/internal/handshake"
	"vst/scanner/internal/metrics"
)

// servicePatience is below the 10 s that containers are given to end.
const servicePatience = 8 * time.Second

// Service are the settings of a scanner that runs on its own. Secrets stand in files.
type Service struct {
	Listen                       string
	CertFile, KeyFile            string
	ClientCAFile                 string
	TokenFile, ProvidersFile     string // "-" is stdin
	Store, Kernel, MetricsListen string
	MaxConcurrency               int
	Profiles                     bool
}

// RunService serves whoever has a certificate of the clients' authority and the token, until ctx
// ends.
func RunService(ctx context.Context, s Service, stdin io.Reader, log *slog.Logger) error {
	if err := s.check(); err != nil {
		return err
	}
	config, err := certs.Read(s.CertFile, s.KeyFile, s.ClientCAFile)
	if err != nil {
		return err
	}
	token, err := readSecret(s.TokenFile, stdin)
	if err != nil {
		return fmt.Errorf("read the token: %w", err)
	}
	if token = strings.TrimSpace(token); len(token) < handshake.MinToken {
		return fmt.Errorf("the token has %d characters, it needs at least %d", len(token), handshake.MinToken)
	}
	var providers map[string]json.RawMessage
	if s.ProvidersFile != "" {
		text, err := readSecret(s.ProvidersFile, stdin)
		if err != nil {
			return fmt.Errorf("read the providers' settings: %w", err)
		}
		if json.Unmarshal([]byte(text), &providers) != nil {
			return errors.New("the providers' settings are not a JSON object of settings by provider name")
		}
	}
	h := host{
		address: s.Listen, tls: config, token: token, metrics: s.MetricsListen, profiles: s.Profiles, patience: servicePatience,
		options: Options{
			MaxConcurrency: s.MaxConcurrency, Store: s.Store, Kernel: s.Kernel, Providers: providers, Log: log,
		},
	}
	return h.run(ctx, func(net.Addr) error { return nil })
}

func (s Service) check() error {
	for _, needed := range []struct{ flag, value string }{
		{"--cert", s.CertFile}, {"--key", s.KeyFile}, {"--client-ca", s.ClientCAFile}, {"--token-file", s.TokenFile},
	} {
		if needed.value == "" {
			return fmt.Errorf("%s is missing: `vst-scanner certificates` makes what a service needs", needed.flag)
		}
	}
	switch {
	case s.TokenFile == "-" && s.ProvidersFile == "-":
		return errors.New("the token and the providers' settings cannot both come on stdin")
	case s.Profiles && !metrics.Loopback(s.MetricsListen):
		return errors.New("--pprof needs --metrics with a loopback address such as 127.0.0.1:9090")
	}
	return nil
}

func readSecret(name string, stdin io.Reader) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	return string(text), err
}
