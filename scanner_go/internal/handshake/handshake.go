// Package handshake is how parent and child find and trust each other: a line each way, and a
// token in every call.
package handshake

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
)

// CoreProtocol is the version of the handshake line, AppProtocol of the contract behind it.
const (
	CoreProtocol = 1
	AppProtocol  = 2
)

// MinToken is how many characters a token has at least.
const MinToken = 16

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

// Announce writes the handshake line.
func Announce(stdout io.Writer, address net.Addr, certificate []byte) error {
	_, err := fmt.Fprintf(stdout, "%d|%d|tcp|%s|grpc|%s\n", CoreProtocol, AppProtocol, address,
		base64.StdEncoding.EncodeToString(certificate))
	if err != nil {
		return fmt.Errorf("write handshake: %w", err)
	}
	return nil
}
