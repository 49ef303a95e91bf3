// Package certs makes the certificates that the scanner and its callers know each other by.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// ServerName is the name in a child's certificate.
const ServerName = "vst-scanner"

const (
	// A child and its certificate live as long as the station's run.
	oneTimeValidity = 7 * 24 * time.Hour
	// Clocks of two machines differ.
	clockSlack = time.Hour
)

// pair is a certificate with its key.
type pair struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func (p pair) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{p.certificate.Raw}, PrivateKey: p.key, Leaf: p.certificate}
}

// OneTime makes the certificate of one child: its own authority, on loopback, for a week.
func OneTime(now time.Time) (tls.Certificate, error) {
	own, err := issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: ServerName},
		DNSNames:    []string{ServerName},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:        true,
	}, now, oneTimeValidity, nil)
	if err != nil {
		return tls.Certificate{}, err
	}
	return own.tls(), nil
}

// Server is a configuration that shows own and demands a certificate that clientCA signed.
func Server(own tls.Certificate, clientCAPEM []byte) (*tls.Config, error) {
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(clientCAPEM) {
		return nil, errors.New("no certificate of the clients' authority: without it anyone could call")
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{own},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
	}, nil
}

// issue makes a P-256 key and its certificate, signed by authority, or by itself when that is nil.
func issue(template *x509.Certificate, now time.Time, validity time.Duration, authority *pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("make key: %w", err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return pair{}, fmt.Errorf("make serial number: %w", err)
	}
	template.NotBefore, template.NotAfter = now.Add(-clockSlack), now.Add(validity)
	template.BasicConstraintsValid = true
	signer := pair{template, key}
	if authority != nil {
		signer = *authority
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.certificate, &key.PublicKey, signer.key)
	if err != nil {
		return pair{}, fmt.Errorf("make certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, fmt.Errorf("read own certificate: %w", err)
	}
	return pair{certificate, key}, nil
}
