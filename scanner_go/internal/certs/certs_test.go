package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestAOneTimeCertificateIsForOneRunOnLoopback(t *testing.T) {
	own, err := OneTime(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate := own.Leaf
	if key, ok := certificate.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T", certificate.PublicKey)
	}
	for _, name := range []string{ServerName, "127.0.0.1"} {
		if err := certificate.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if left := time.Until(certificate.NotAfter); left > 8*24*time.Hour {
		t.Errorf("valid for %v", left)
	}
}

func TestAServerDemandsTheClientsCertificate(t *testing.T) {
	own, err := OneTime(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "no certificate"} {
		if _, err := Server(own, []byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	config, err := Server(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}))
	if err != nil {
		t.Fatal(err)
	}
	if config.MinVersion != tls.VersionTLS13 || config.ClientAuth != tls.RequireAndVerifyClientCert {
		t.Errorf("TLS %x, client certificate %v", config.MinVersion, config.ClientAuth)
	}
}

func TestWrittenCertificatesFitTogether(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certificates")
	names, err := Write(dir, []string{"scanner.example", "192.0.2.7"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 7 {
		t.Errorf("wrote %v", names)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	if _, err := Read(in("server.pem"), in("server.key"), in("ca.pem")); err != nil {
		t.Error(err)
	}
	authority := x509.NewCertPool()
	authority.AddCert(leaf(t, in("ca.pem")))
	for _, c := range []struct {
		file, host string
		usage      x509.ExtKeyUsage
		good       bool
	}{
		{"server.pem", "scanner.example", x509.ExtKeyUsageServerAuth, true},
		{"server.pem", "192.0.2.7", x509.ExtKeyUsageServerAuth, true},
		{"server.pem", "other.example", x509.ExtKeyUsageServerAuth, false},
		{"server.pem", "", x509.ExtKeyUsageClientAuth, false},
		{"client.pem", "", x509.ExtKeyUsageClientAuth, true},
		{"client.pem", "", x509.ExtKeyUsageServerAuth, false},
	} {
		_, err := leaf(t, in(c.file)).Verify(x509.VerifyOptions{
			Roots: authority, DNSName: c.host, KeyUsages: []x509.ExtKeyUsage{c.usage},
		})
		if (err == nil) != c.good {
			t.Errorf("%s for %q as %v: %v", c.file, c.host, c.usage, err)
		}
	}
}

func TestKeysAreForTheirOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := t.TempDir()
	names, err := Write(dir, []string{"localhost"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		secret := !strings.HasSuffix(name, ".pem")
		if got := info.Mode().Perm(); secret && got != 0o600 {
			t.Errorf("%s has mode %v", name, got)
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "client.key")
	if err := os.WriteFile(kept, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(dir, []string{"localhost"}, time.Now()); err == nil || !strings.Contains(err.Error(), kept) {
		t.Errorf("got %v", err)
	}
	files, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(kept); len(files) != 1 || string(text) != "precious" {
		t.Errorf("files %v", files)
	}
}

func TestWithoutAHostThereAreNoCertificates(t *testing.T) {
	if _, err := Write(t.TempDir(), nil, time.Now()); err == nil {
		t.Error("certificates for nobody")
	}
}

func TestFilesThatAreNoCertificatesAreRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := Write(dir, []string{"localhost"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for what, files := range map[string][3]string{
		"no certificate":             {"none.pem", "server.key", "ca.pem"},
		"the key of another":         {"server.pem", "client.key", "ca.pem"},
		"no authority":               {"server.pem", "server.key", "none.pem"},
		"an authority that is a key": {"server.pem", "server.key", "ca.key"},
	} {
		if _, err := Read(in(files[0]), in(files[1]), in(files[2])); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func leaf(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
