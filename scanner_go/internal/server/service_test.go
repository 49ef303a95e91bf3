package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"vst/scanner/internal/certs"
	pb "vst/scanner/internal/gen/scannerv1"
)

// settings are those of a service on any loopback port, with new certificates in a folder.
func settings(t *testing.T) (Service, string) {
	t.Helper()
	dir := t.TempDir()
	if _, err := certs.Write(dir, []string{"localhost"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	return Service{
		Listen: "127.0.0.1:0", CertFile: in("server.pem"), KeyFile: in("server.key"), ClientCAFile: in("ca.pem"),
		TokenFile: in("token"), Kernel: "auto", MaxConcurrency: 50,
	}, dir
}

// running is RunService with its log read line by line.
type running struct {
	addresses map[string]string
	end       context.CancelFunc
	ended     chan error
}

func startService(t *testing.T, s Service, stdin string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	reader, writer := io.Pipe()
	r := &running{addresses: map[string]string{}, end: cancel, ended: make(chan error, 1)}
	go func() {
		r.ended <- RunService(ctx, s, strings.NewReader(stdin), slog.New(slog.NewJSONHandler(writer, nil)))
		writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	for r.addresses["serving"] == "" && lines.Scan() {
		var said struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			t.Fatal(err)
		}
		r.addresses[said.Msg] = said.Address
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	t.Cleanup(func() { r.stop(t) })
	return r
}

func (r *running) stop(t *testing.T) {
	t.Helper()
	r.end()
	select {
	case err := <-r.ended:
		r.ended <- err
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it did not end")
	}
}

// station calls the service with the files in dir.
func (r *running) station(t *testing.T, dir, token string) pb.ScannerClient {
	t.Helper()
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key"))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	connection, err := grpc.NewClient(r.addresses["serving"], grpc.WithPerRPCCredentials(bearer(token)),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			ServerName: "localhost", RootCAs: roots, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13,
		})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return pb.NewScannerClient(connection)
}

func secretIn(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestAServiceServesItsStationsAndNobodyElse(t *testing.T) {
	s, dir := settings(t)
	_, foreign := settings(t)
	service := startService(t, s, "")
	token := secretIn(t, dir)
	if _, err := service.station(t, dir, token).GetMetrics(t.Context(), &pb.MetricsRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := service.station(t, dir, secretIn(t, foreign)).GetMetrics(t.Context(), &pb.MetricsRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("another service's token: %v", err)
	}
	if _, err := service.station(t, foreign, token).GetMetrics(t.Context(), &pb.MetricsRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("another authority's certificate: %v", err)
	}
}

func TestTheHealthOfAServiceIsAskedAsAStationWould(t *testing.T) {
	s, dir := settings(t)
	_, foreign := settings(t)
	service := startService(t, s, "")
	probe := func(of string) Probe {
		in := func(name string) string { return filepath.Join(of, name) }
		return Probe{
			Address: service.addresses["serving"], ServerName: "localhost",
			CAFile: filepath.Join(dir, "ca.pem"), CertFile: in("client.pem"), KeyFile: in("client.key"), TokenFile: in("token"),
		}
	}
	if err := probe(dir).Health(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if err := probe(foreign).Health(t.Context(), nil); err == nil {
		t.Error("a stranger was answered")
	}
	nobody := probe(dir)
	nobody.Address = "127.0.0.1:1"
	if err := nobody.Health(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody listens: %v", err)
	}
	for _, spoil := range []func(*Probe){
		func(p *Probe) { p.CAFile = p.TokenFile }, func(p *Probe) { p.KeyFile = "" },
		func(p *Probe) { p.TokenFile = dir }, func(p *Probe) { p.ServerName, p.Address = "", "localhost" },
	} {
		wrong := probe(dir)
		spoil(&wrong)
		if wrong.Health(t.Context(), nil) == nil {
			t.Errorf("%+v was answered", wrong)
		}
	}
}

func TestAServiceIsNotEndedByItsStations(t *testing.T) {
	s, dir := settings(t)
	station := startService(t, s, "").station(t, dir, secretIn(t, dir))
	if _, err := station.Shutdown(t.Context(), &pb.ShutdownRequest{}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("got %v", err)
	}
	if _, err := station.GetMetrics(t.Context(), &pb.MetricsRequest{}); err != nil {
		t.Error(err)
	}
}

func TestAServiceFinishesTheCallsUnderWay(t *testing.T) {
	s, dir := settings(t)
	service := startService(t, s, "")
	station := service.station(t, dir, secretIn(t, dir))
	if _, err := station.GetMetrics(t.Context(), &pb.MetricsRequest{}); err != nil {
		t.Fatal(err)
	}
	stream, err := station.PutBars(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(rising("A", 20)); err != nil {
		t.Fatal(err)
	}
	service.end()
	if answer, err := stream.CloseAndRecv(); err != nil || answer.GetSymbols() != 1 {
		t.Errorf("got %v, %v", answer, err)
	}
	service.stop(t)
}

func TestTheTokenMayComeOnStdin(t *testing.T) {
	s, dir := settings(t)
	s.TokenFile = "-"
	station := startService(t, s, token+"\n").station(t, dir, token)
	if _, err := station.GetMetrics(t.Context(), &pb.MetricsRequest{}); err != nil {
		t.Error(err)
	}
}

func TestServicesThatAreSetUpWronglyDoNotStart(t *testing.T) {
	good, dir := settings(t)
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for name, c := range map[string]struct {
		change func(*Service)
		want   string
	}{
		"no certificate":      {func(s *Service) { s.CertFile = "" }, "--cert is missing"},
		"no key":              {func(s *Service) { s.KeyFile = "" }, "--key is missing"},
		"no authority":        {func(s *Service) { s.ClientCAFile = "" }, "--client-ca is missing"},
		"no token":            {func(s *Service) { s.TokenFile = "" }, "--token-file is missing"},
		"a token nowhere":     {func(s *Service) { s.TokenFile = filepath.Join(dir, "none") }, "read the token"},
		"a short token":       {func(s *Service) { s.TokenFile = write("short", "abc\n") }, "has 3 characters"},
		"an empty authority":  {func(s *Service) { s.ClientCAFile = write("empty", "") }, "no certificate of the clients' authority"},
		"providers in prose":  {func(s *Service) { s.ProvidersFile = write("prose", "key=secret") }, "not a JSON object"},
		"stdin twice":         {func(s *Service) { s.TokenFile, s.ProvidersFile = "-", "-" }, "cannot both come on stdin"},
		"an unknown kernel":   {func(s *Service) { s.Kernel = "fast" }, `no kernel "fast"`},
		"no workers":          {func(s *Service) { s.MaxConcurrency = 0 }, "max_concurrency 0 is below 1"},
		"profiles, no port":   {func(s *Service) { s.Profiles = true }, "--pprof needs --metrics"},
		"profiles for anyone": {func(s *Service) { s.Profiles, s.MetricsListen = true, ":0" }, "--pprof needs --metrics"},
		"an address of none":  {func(s *Service) { s.Listen = "nowhere" }, "listen"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			c.change(&s)
			err := RunService(t.Context(), s, strings.NewReader(""), slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("it leaks: %v", err)
			}
		})
	}
}

func TestMetricsTellOfScansAndRefusedCalls(t *testing.T) {
	s, dir := settings(t)
	s.MetricsListen = "127.0.0.1:0"
	service := startService(t, s, "")
	station := service.station(t, dir, secretIn(t, dir))
	put(t, station, rising("A", 30), rising("B", 40))
	if _, err := station.Scan(t.Context(), request("A", "B", "NONE")); err != nil {
		t.Fatal(err)
	}
	if _, err := service.station(t, dir, "a wrong token of some length").ListSeries(t.Context(), &pb.ListSeriesRequest{}); err == nil {
		t.Error("a wrong token was taken")
	}
	code, text := get(t, "http://"+service.addresses["serving metrics"]+"/metrics")
	if code != http.StatusOK {
		t.Fatal(code)
	}
	for _, want := range []string{
		"vst_scanner_scan_seconds_count 1\n", "vst_scanner_symbols_total 2\n", "vst_scanner_symbol_errors_total 1\n",
		"vst_scanner_held_series 2\n", "vst_scanner_held_bars 70\n", `vst_scanner_calls_total{code="OK",method="/vst.scanner.v1.Scanner/Scan"} 1`,
		`vst_scanner_calls_total{code="Unauthenticated",method="/vst.scanner.v1.Scanner/ListSeries"} 1`,
		"process_resident_memory_bytes ", "process_cpu_seconds_total ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(text, "vst_scanner_signals_total 0\n") {
		t.Error("no signal was counted")
	}
	if code, _ := get(t, "http://"+service.addresses["serving metrics"]+"/debug/pprof/"); code != http.StatusNotFound {
		t.Errorf("profiles without being asked for: %d", code)
	}
}

func TestProfilesAreServedWhenAskedFor(t *testing.T) {
	s, _ := settings(t)
	s.MetricsListen, s.Profiles = "127.0.0.1:0", true
	service := startService(t, s, "")
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/goroutine?debug=1"} {
		if code, text := get(t, "http://"+service.addresses["serving metrics"]+path); code != http.StatusOK || text == "" {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
