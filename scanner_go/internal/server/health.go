package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Probe is how to ask a service for its health: as a station does, with a certificate and the token.
type Probe struct {
	Address, ServerName       string
	CAFile, CertFile, KeyFile string
	TokenFile                 string // "-" is stdin
}

// Health asks; nil says that the service serves.
func (p Probe) Health(ctx context.Context, stdin *os.File) (err error) {
	config, err := p.tls()
	if err != nil {
		return err
	}
	token, err := readSecret(p.TokenFile, stdin)
	if err != nil {
		return fmt.Errorf("read the token: %w", err)
	}
	connection, err := grpc.NewClient("passthrough:///"+p.Address, grpc.WithTransportCredentials(credentials.NewTLS(config)), grpc.WithNoProxy())
	if err != nil {
		return fmt.Errorf("connect to %s: %w", p.Address, err)
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+strings.TrimSpace(token))
	answer, err := healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		told := status.Convert(err)
		return fmt.Errorf("%s: %s: %s", p.Address, told.Code(), told.Message())
	}
	if answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("%s: %s", p.Address, answer.GetStatus())
	}
	return nil
}

func (p Probe) tls() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(p.CertFile, p.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the station's certificate: %w", err)
	}
	authority, err := os.ReadFile(p.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the authority's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", p.CAFile)
	}
	name := p.ServerName
	if name == "" {
		if name, _, err = net.SplitHostPort(p.Address); err != nil {
			return nil, fmt.Errorf("the address %q is not host:port", p.Address)
		}
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: name,
	}, nil
}
