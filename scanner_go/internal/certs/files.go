package certs

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	authorityValidity = 10 * 365 * 24 * time.Hour
	memberValidity    = 2 * 365 * 24 * time.Hour
)

// file is one that Write makes.
type file struct {
	name    string
	content []byte
	mode    fs.FileMode
}

// Write makes what a service and a station need into folder dir: an authority, a certificate for
// the service that answers to hosts (names or addresses), one for the station, and a token. Keys
// and token are for their owner only. It overwrites nothing. The answer names the files.
func Write(dir string, hosts []string, now time.Time) ([]string, error) {
	if len(hosts) == 0 {
		return nil, errors.New("name the host that the station will call")
	}
	files, err := contents(hosts, now)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder for certificates: %w", err)
	}
	var names []string
	for _, f := range files {
		name := filepath.Join(dir, f.name)
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s exists already: choose another folder, nothing is overwritten", name)
		}
		names = append(names, name)
	}
	for i, f := range files {
		if err := writeNew(names[i], f.content, f.mode); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func contents(hosts []string, now time.Time) ([]file, error) {
	authority, err := issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "vst-scanner authority"}, IsCA: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign,
	}, now, authorityValidity, nil)
	if err != nil {
		return nil, err
	}
	server := &x509.Certificate{
		Subject: pkix.Name{CommonName: ServerName}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if address := net.ParseIP(host); address != nil {
			server.IPAddresses = append(server.IPAddresses, address)
		} else {
			server.DNSNames = append(server.DNSNames, host)
		}
	}
	client := &x509.Certificate{
		Subject: pkix.Name{CommonName: "vst-station"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	files, err := inFiles("ca", authority)
	if err != nil {
		return nil, err
	}
	for _, member := range []struct {
		name     string
		template *x509.Certificate
	}{{"server", server}, {"client", client}} {
		made, err := issue(member.template, now, memberValidity, &authority)
		if err != nil {
			return nil, err
		}
		two, err := inFiles(member.name, made)
		if err != nil {
			return nil, err
		}
		files = append(files, two...)
	}
	return append(files, file{"token", []byte(rand.Text() + rand.Text() + "\n"), 0o600}), nil
}

func inFiles(name string, p pair) ([]file, error) {
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return []file{
		{name + ".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.certificate.Raw}), 0o644},
		{name + ".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600},
	}, nil
}

func writeNew(name string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Read is Server from the files of a service.
func Read(certFile, keyFile, clientCAFile string) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the service's certificate and key: %w", err)
	}
	clients, err := os.ReadFile(clientCAFile)
	if err != nil {
		return nil, fmt.Errorf("read the clients' authority: %w", err)
	}
	config, err := Server(own, clients)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clientCAFile, err)
	}
	return config, nil
}
