package provider

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vst/scanner/internal/bars"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secrets of the tests: they may show nowhere.
const (
	testKey   = "PKTESTKEY0001"
	testToken = "s3cr3t-t0ken-of-a-test"
)

// taken is what a provider handed over.
type taken struct {
	mu     sync.Mutex
	series map[string]*bars.Series
	faults map[string]string
	order  []string
}

func (k *taken) take(series *bars.Series, fault *bars.Error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case series != nil && fault != nil, series == nil && fault == nil:
		return errors.New("take wants one of the two")
	case fault != nil:
		k.order = append(k.order, fault.Symbol)
		k.faults[fault.Symbol] = fault.Reason
	default:
		k.order = append(k.order, series.Symbol)
		k.series[series.Symbol] = series
	}
	return nil
}

// fetch runs a whole fetch and checks that each symbol was handed over once, without a secret.
func fetch(t *testing.T, provider Provider, request Request) *taken {
	t.Helper()
	k := &taken{series: map[string]*bars.Series{}, faults: map[string]string{}}
	if err := provider.Fetch(t.Context(), request, k.take); err != nil {
		t.Fatal(err)
	}
	want := append([]string(nil), request.Symbols...)
	sort.Strings(want)
	sort.Strings(k.order)
	if strings.Join(k.order, " ") != strings.Join(want, " ") {
		t.Fatalf("handed over %q of %q", k.order, want)
	}
	for symbol, reason := range k.faults {
		if strings.Contains(reason, testKey) || strings.Contains(reason, testToken) {
			t.Errorf("%s: a secret shows in %q", symbol, reason)
		}
	}
	return k
}

// wants checks the reason of a symbol's error.
func (k *taken) wants(t *testing.T, symbol string, parts ...string) {
	t.Helper()
	reason, there := k.faults[symbol]
	if !there {
		t.Fatalf("%s has no error, but %+v", symbol, k.series[symbol])
	}
	for _, part := range parts {
		if !strings.Contains(reason, part) {
			t.Errorf("%s: %q does not say %q", symbol, reason, part)
		}
	}
}

// closes checks a symbol's times and closes.
func (k *taken) closes(t *testing.T, symbol string, times []int64, closes []float64) {
	t.Helper()
	series := k.series[symbol]
	if series == nil {
		t.Fatalf("%s: %s", symbol, k.faults[symbol])
	}
	if !same(series.Time, times) || !same(series.Close, closes) {
		t.Errorf("%s: got %v %v, want %v %v", symbol, series.Time, series.Close, times, closes)
	}
	for _, column := range [][]float64{series.Open, series.High, series.Low, series.Volume} {
		if len(column) != len(times) {
			t.Errorf("%s: a column has %d values", symbol, len(column))
		}
	}
}

func same[T int64 | float64](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !(math.IsNaN(float64(a[i])) && math.IsNaN(float64(b[i]))) {
			return false
		}
	}
	return true
}

// fakeTime is a clock that stands still until someone sleeps.
type fakeTime struct {
	mu    sync.Mutex
	at    time.Time
	slept []time.Duration
}

func newFakeTime() *fakeTime { return &fakeTime{at: time.Date(2024, 6, 10, 15, 0, 0, 0, time.UTC)} }

func (f *fakeTime) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *fakeTime) sleep(ctx context.Context, wait time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(wait)
	f.slept = append(f.slept, wait)
	return ctx.Err()
}

func (f *fakeTime) timing() timing {
	return timing{now: f.now, sleep: f.sleep, random: func() float64 { return 1 }}
}

// serve starts a server that speaks as the provider does.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func alpacaAt(t *testing.T, address string) (*alpaca, *fakeTime) {
	t.Helper()
	made := configured(t, "alpaca", `{"base_url": "`+address+`", "key_id": "`+testKey+`", "secret_key": "`+testToken+`", "requests_per_minute": 100000}`)
	provider, clock := made.(*alpaca), newFakeTime()
	provider.client.timing = clock.timing()
	return provider, clock
}

func tiingoAt(t *testing.T, address string) (*tiingo, *fakeTime) {
	t.Helper()
	made := configured(t, "tiingo", `{"base_url": "`+address+`", "token": "`+testToken+`", "requests_per_minute": 100000}`)
	provider, clock := made.(*tiingo), newFakeTime()
	provider.client.timing = clock.timing()
	return provider, clock
}

func configured(t *testing.T, name, config string) Provider {
	t.Helper()
	made, err := New(map[string]json.RawMessage{name: json.RawMessage(config)})
	if err != nil {
		t.Fatal(err)
	}
	return made[name]
}

func ptr(value int64) *int64 { return &value }

func day(date string) int64 {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return at.Unix() / secondsPerDay
}

func TestNewRefusesWhatItDoesNotKnow(t *testing.T) {
	cases := []struct{ name, config, want string }{
		{"yahoo", `{}`, `there is no provider "yahoo": have alpaca, files, tiingo`},
		{"files", `{}`, `provider files: the key "path" is missing`},
		{"files", `{"path": "bars"}`, `provider files: the key "path" is not an absolute path`},
		{"files", `{"path": 7}`, `provider files: the key "path" does not take this kind of value`},
		{"files", `{"folder": "/x"}`, `provider files: unknown field "folder"`},
		{"files", `[]`, `provider files: the key "" does not take this kind of value`},
		{"files", `{"path": "/x"} {}`, `provider files: the configuration is more than one JSON object`},
		{"files", ``, `provider files: the configuration is not a JSON object`},
		{"alpaca", `{"key_id": "k"}`, `provider alpaca: the key "secret_key" is missing`},
		{"alpaca", `{"secret_key": "k"}`, `provider alpaca: the key "key_id" is missing`},
		{"alpaca", `{"key_id": 12345678, "secret_key": "k"}`, `a credential is not a JSON string`},
		{"tiingo", `{}`, `provider tiingo: the key "token" is missing`},
		{"tiingo", `{"token": "a b"}`, `provider tiingo: the key "token" holds a character that no credential has`},
		{"tiingo", `{"token": "t", "requests_per_minute": -1}`, `the key "requests_per_minute" is -1, not in 1..100000`},
		{"tiingo", `{"token": "t", "base_url": "http://api.tiingo.com"}`, `does not begin with https`},
		{"tiingo", `{"token": "t", "base_url": "http://127.0.0.1.example.com"}`, `does not begin with https`},
		{"tiingo", `{"token": "t", "base_url": "https://user@host"}`, `is not an address`},
		{"tiingo", `{"token": "t", "base_url": "api.tiingo.com"}`, `is not an address`},
	}
	for _, c := range cases {
		_, err := New(map[string]json.RawMessage{c.name: json.RawMessage(c.config)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: got %v, want %q", c.name, c.config, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "12345678") {
			t.Errorf("a credential shows in %q", err)
		}
	}
}

func TestNewTakesWhatIsConfigured(t *testing.T) {
	folder, err := json.Marshal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	made, err := New(map[string]json.RawMessage{
		"files":  json.RawMessage(`{"path": ` + string(folder) + `}`),
		"alpaca": json.RawMessage(`{"base_url": "", "key_id": "k", "secret_key": "s", "feed": "", "requests_per_minute": 200}`),
		"tiingo": json.RawMessage(`{"base_url": "http://localhost:1/", "token": "t"}`),
	})
	if err != nil || len(made) != 3 {
		t.Fatalf("got %v, %v", made, err)
	}
	if base := made["alpaca"].(*alpaca).client.base.String(); base != "https://data.alpaca.markets" {
		t.Errorf("alpaca is asked at %s", base)
	}
	if none, err := New(nil); err != nil || len(none) != 0 {
		t.Errorf("got %v, %v", none, err)
	}
}

func TestSymbolsThatCannotBeAskedForHaveTheirError(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("asked for %s", r.URL)
	})
	provider, _ := tiingoAt(t, address)
	symbols := []string{"", "A,B", "../../secret", "AAPL?x=1", strings.Repeat("A", 25), "."}
	got := fetch(t, provider, Request{Symbols: symbols})
	for _, symbol := range symbols {
		got.wants(t, symbol, "this is not a symbol")
	}
	got = fetch(t, provider, Request{Symbols: []string{"AAPL"}, Start: ptr(5), End: ptr(4)})
	got.wants(t, "AAPL", "the range asked for ends before it starts")
}

func TestSpellings(t *testing.T) {
	for symbol, want := range map[string]string{"BRK.B": "BRK.B", "BRK B": "BRK.B", "brk-b": "BRK.B", "BRK/B": "BRK.B", " aapl ": "AAPL"} {
		if got := canonical(symbol); got != want {
			t.Errorf("%q is %q, want %q", symbol, got, want)
		}
	}
}
