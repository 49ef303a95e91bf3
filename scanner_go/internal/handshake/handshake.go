// Package handshake makes the child trusted by its parent and by nobody else: one-time
// certificates both ways, a token for every call, and one line that says where it listens.
package handshake

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// CoreProtocol is the version of the handshake line, AppProtocol of the contract behind it.
const (
	CoreProtocol = 1
	AppProtocol  = 2
)

// ServerName is the name in the child's certificate.
const ServerName = "vst-scanner"

// MinToken is how many characters a token has at least.
const MinToken = 16

const validity = 7 * 24 * time.Hour

// Bootstrap is the one JSON line the parent writes to stdin. Secrets come this way only.
type Bootstrap struct {
	AppProtocol    int                        `json:"app_protocol"`
	Token          string                     `json:"token"`
	ClientCAPEM    string                     `json:"client_ca_pem"`
	MaxConcurrency int                        `json:"max_concurrency"`
	Store          string                     `json:"store"`
	Kernel         string                     `json:"kernel"`
	Providers      map[string]json.RawMessage `json:"providers"`
	// MetricsPort is that of the Prometheus endpoint on loopback: nil is none, 0 any free one.
	MetricsPort *int `json:"metrics_port"`
	Pprof       bool `json:"pprof"`
}

// ReadBootstrap reads and checks the line. Its errors name no value that may be a secret.
func ReadBootstrap(stdin *bufio.Reader) (Bootstrap, error) {
	var b Bootstrap
	line, err := stdin.ReadBytes('\n')
	if err != nil {
		return b, fmt.Errorf("read bootstrap line from stdin: %w", err)
	}
	if err := json.Unmarshal(line, &b); err != nil {
		return b, errors.New("the bootstrap line on stdin is not the JSON object the station writes")
	}
	if b.AppProtocol != AppProtocol {
		return b, fmt.Errorf("the station speaks protocol %d, this scanner %d: install both of one build", b.AppProtocol, AppProtocol)
	}
	return b, b.check()
}

func (b Bootstrap) check() error {
	switch {
	case len(b.Token) < MinToken:
		return errors.New("the bootstrap line carries no usable token")
	case b.MaxConcurrency < 1:
		return fmt.Errorf("the bootstrap line's max_concurrency %d is below 1", b.MaxConcurrency)
	case b.MetricsPort != nil && (*b.MetricsPort < 0 || *b.MetricsPort > math.MaxUint16):
		return fmt.Errorf("the bootstrap line's metrics_port %d is not in 0..65535", *b.MetricsPort)
	case b.Pprof && b.MetricsPort == nil:
		return errors.New("the bootstrap line asks for pprof without metrics_port: both are served on one port")
	}
	return nil
}

// ServerTLS makes a one-time P-256 certificate and a configuration that demands the parent's.
func ServerTLS(clientCAPEM string, now time.Time) (*tls.Config, []byte, error) {
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM([]byte(clientCAPEM)) {
		return nil, nil, errors.New("the bootstrap line carries no client certificate")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, fmt.Errorf("make serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: ServerName},
		DNSNames:     []string{ServerName},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate: %w", err)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
	}, der, nil
}

// Announce writes the handshake line.
func Announce(stdout io.Writer, address net.Addr, certificate []byte) error {
	_, err := fmt.Fprintf(stdout, "%d|%d|tcp|%s|grpc|%s\n", CoreProtocol, AppProtocol, address,
		base64.StdEncoding.EncodeToString(certificate))
	if err != nil {
		return fmt.Errorf("write handshake: %w", err)
	}
	return nil
}

// Guard refuses every call, health included, that does not carry the token.
type Guard struct{ want []byte }

// NewGuard guards with the token.
func NewGuard(token string) Guard { return Guard{want: []byte("Bearer " + token)} }

// Unary is the interceptor of unary calls.
func (g Guard) Unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := g.check(ctx); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

// Stream is the interceptor of streams.
func (g Guard) Stream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := g.check(stream.Context()); err != nil {
		return err
	}
	return handler(server, stream)
}

func (g Guard) check(ctx context.Context) error {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 || subtle.ConstantTimeCompare([]byte(values[0]), g.want) != 1 {
		return status.Error(codes.Unauthenticated, "this call carries no valid token")
	}
	return nil
}
