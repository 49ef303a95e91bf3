package server

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"vst/scanner/internal/certs"
	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/handshake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "a token that is long enough for anyone"

// child is RunChild on real pipes, sockets and certificates, as its parent sees it.
type child struct {
	t           *testing.T
	stdin       *io.PipeWriter
	address     string
	roots       *x509.CertPool
	certificate tls.Certificate
	ended       chan error
}

func startChild(t *testing.T) *child {
	t.Helper()
	return startChildFor(t, makeCertificate(t, -time.Hour, time.Hour))
}

// startChildWith is a child whose bootstrap line says more.
func startChildWith(t *testing.T, more map[string]any) *child {
	t.Helper()
	return startChildFor(t, makeCertificate(t, -time.Hour, time.Hour), more)
}

// startChildFor is a child of a parent with this certificate.
func startChildFor(t *testing.T, certificate tls.Certificate, more ...map[string]any) *child {
	t.Helper()
	c := &child{t: t, certificate: certificate, ended: make(chan error, 1)}
	stdinReader, stdin := io.Pipe()
	stdoutReader, stdout := io.Pipe()
	c.stdin = stdin
	go func() {
		c.ended <- RunChild(context.WithoutCancel(t.Context()), stdinReader, stdout, slog.New(slog.DiscardHandler))
		stdout.Close()
	}()
	bootstrap := map[string]any{
		"app_protocol": handshake.AppProtocol, "token": token, "max_concurrency": 50, "kernel": "auto",
		"client_ca_pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.certificate.Certificate[0]})),
	}
	for _, keys := range more {
		maps.Copy(bootstrap, keys)
	}
	line, err := json.Marshal(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	stdoutLines := bufio.NewReader(stdoutReader)
	said, err := stdoutLines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSpace(said), "|")
	if len(parts) != 6 || parts[0] != "1" || parts[1] != "2" || parts[2] != "tcp" || parts[4] != "grpc" || !strings.HasPrefix(parts[3], "127.0.0.1:") {
		t.Fatalf("handshake %q", said)
	}
	der, err := base64.StdEncoding.DecodeString(parts[5])
	if err != nil {
		t.Fatal(err)
	}
	server, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c.address, c.roots = parts[3], x509.NewCertPool()
	c.roots.AddCert(server)
	t.Cleanup(func() {
		stdin.Close()
		if rest, _ := io.ReadAll(stdoutLines); len(rest) > 0 {
			t.Errorf("after the handshake it said %q", rest)
		}
		c.wait()
	})
	return c
}

// wait fails the test when the child does not end by itself, or with an error.
func (c *child) wait() {
	c.t.Helper()
	select {
	case err := <-c.ended:
		c.ended <- err
		if err != nil {
			c.t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		c.t.Fatal("it did not end")
	}
}

// makeCertificate is valid between two moments seen from now.
func makeCertificate(t *testing.T, from, until time.Duration) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "station"},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// dial connects with these certificates, and with a token unless it is empty.
func (c *child) dial(token string, certificates ...tls.Certificate) *grpc.ClientConn {
	c.t.Helper()
	options := []grpc.DialOption{grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		ServerName: certs.ServerName, RootCAs: c.roots, Certificates: certificates, MinVersion: tls.VersionTLS13,
	}))}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	connection, err := grpc.NewClient(c.address, options...)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { connection.Close() })
	return connection
}

func (c *child) scanner() pb.ScannerClient {
	return pb.NewScannerClient(c.dial(token, c.certificate))
}

type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

func TestStrangersAreRefused(t *testing.T) {
	c := startChild(t)
	cases := []struct {
		name        string
		token       string
		certificate []tls.Certificate
		want        codes.Code
	}{
		{"certificate and token", token, []tls.Certificate{c.certificate}, codes.OK},
		{"no certificate", token, nil, codes.Unavailable},
		{"a foreign certificate", token, []tls.Certificate{makeCertificate(t, -time.Hour, time.Hour)}, codes.Unavailable},
		{"no token", "", []tls.Certificate{c.certificate}, codes.Unauthenticated},
		{"a wrong token", token[:len(token)-1] + "x", []tls.Certificate{c.certificate}, codes.Unauthenticated},
		{"a longer token", token + "x", []tls.Certificate{c.certificate}, codes.Unauthenticated},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			connection := c.dial(k.token, k.certificate...)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			scanner := pb.NewScannerClient(connection)
			_, unary := scanner.GetMetrics(ctx, &pb.MetricsRequest{})
			_, health := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			stream, err := scanner.BulkFetchStream(ctx, &pb.BulkFetchRequest{})
			if err == nil {
				_, err = stream.Recv()
			}
			for what, err := range map[string]error{"unary call": unary, "health check": health, "stream": err} {
				if got := status.Code(err); got != k.want {
					t.Errorf("%s: %v, want %v", what, err, k.want)
				}
			}
		})
	}
}

func TestTwoTokensInOneCallAreRefused(t *testing.T) {
	c := startChild(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer guess")
	if _, err := c.scanner().GetMetrics(ctx, &pb.MetricsRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v", err)
	}
}

func TestAnOldTLSVersionIsRefused(t *testing.T) {
	c := startChild(t)
	connection, err := tls.Dial("tcp", c.address, &tls.Config{
		ServerName: certs.ServerName, RootCAs: c.roots, Certificates: []tls.Certificate{c.certificate}, MaxVersion: tls.VersionTLS12,
	})
	if err == nil {
		connection.Close()
		t.Error("TLS 1.2 was taken")
	}
}

func TestItEndsWhenItsParentIsGone(t *testing.T) {
	c := startChild(t)
	if _, err := c.scanner().GetMetrics(t.Context(), &pb.MetricsRequest{}); err != nil {
		t.Fatal(err)
	}
	c.stdin.Close()
	c.wait()
}

func TestItEndsWhenAsked(t *testing.T) {
	c := startChild(t)
	if _, err := c.scanner().Shutdown(t.Context(), &pb.ShutdownRequest{}); err != nil {
		t.Fatal(err)
	}
	c.wait()
}

func TestAParentThatSaysNothingUsefulGetsAReason(t *testing.T) {
	for line, want := range map[string]string{
		"": "read bootstrap line",
		`{"app_protocol":2,"max_concurrency":1,"token":"` + token + `"}` + "\n": "no certificate of the clients' authority",
	} {
		var stdout strings.Builder
		err := RunChild(t.Context(), strings.NewReader(line), &stdout, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || stdout.Len() > 0 {
			t.Errorf("got %v and %q, want %q", err, stdout.String(), want)
		}
	}
}
