package provider

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vst/scanner/internal/bars"
)

// script answers one request after the other, and then always with the last.
func script(steps ...http.HandlerFunc) (http.HandlerFunc, *atomic.Int32) {
	var asked atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		steps[min(n, len(steps))-1](w, r)
	}, &asked
}

func code(status int, header, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"message": "as %d says"}`, status)
	}
}

func good(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("[" + price("2024-06-03", 400, 1) + "]"))
}

func TestWhatMayPassIsAskedAgain(t *testing.T) {
	broken := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`[{"date"`))
	}
	hungUp := func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = connection.Close()
		}
	}
	// The fake clock stands at 2024-06-10 15:00:00 and its chance is the whole back-off.
	cases := map[string]struct {
		steps []http.HandlerFunc
		slept []time.Duration
	}{
		"429 with seconds":     {[]http.HandlerFunc{code(429, "Retry-After", "7"), good}, []time.Duration{7 * time.Second}},
		"429 with a date":      {[]http.HandlerFunc{code(429, "Retry-After", "Mon, 10 Jun 2024 15:00:42 GMT"), good}, []time.Duration{42 * time.Second}},
		"429 with a past date": {[]http.HandlerFunc{code(429, "Retry-After", "Mon, 10 Jun 2024 14:00:00 GMT"), good}, []time.Duration{0}},
		"429 without a wait":   {[]http.HandlerFunc{code(429, "", ""), good}, []time.Duration{500 * time.Millisecond}},
		"429 with nonsense":    {[]http.HandlerFunc{code(429, "Retry-After", "soon"), good}, []time.Duration{500 * time.Millisecond}},
		"500 and 503": {
			[]http.HandlerFunc{code(500, "", ""), code(503, "Retry-After", "3"), code(502, "", ""), good},
			[]time.Duration{500 * time.Millisecond, 3 * time.Second, 2 * time.Second},
		},
		"a body cut off":      {[]http.HandlerFunc{broken, good}, []time.Duration{500 * time.Millisecond}},
		"a connection closed": {[]http.HandlerFunc{hungUp, hungUp, good}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			handler, _ := script(c.steps...)
			provider, clock := tiingoAt(t, serve(t, handler))
			got := fetch(t, provider, Request{Symbols: []string{"AAPL"}})
			got.closes(t, "AAPL", []int64{day("2024-06-03")}, []float64{400})
			if c.slept != nil && !slices.Equal(clock.slept, c.slept) {
				t.Errorf("waited %v, want %v", clock.slept, c.slept)
			}
		})
	}
}

func TestWhatMayNotPassIsNot(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a key went to another host: %v", r.Header)
	}))
	defer elsewhere.Close()
	bomb := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		block := bytes.Repeat([]byte(" "), 1<<20)
		for range maxBodyBytes>>20 + 1 {
			if _, err := packed.Write(block); err != nil {
				return
			}
		}
		_ = packed.Close()
	}
	cases := map[string]struct {
		step  http.HandlerFunc
		asked int32
		want  string
	}{
		"500 for ever":     {code(500, "", ""), maxAttempts, "tiingo: answer 500 Internal Server Error: as 500 says (asked 5 times)"},
		"429 for ever":     {code(429, "Retry-After", "1"), maxAttempts, "tiingo: answer 429 Too Many Requests: as 429 says (asked 5 times)"},
		"too long a wait":  {code(429, "Retry-After", "3600"), 1, "as 429 says (it asks to wait 3600 s)"},
		"400":              {code(400, "", ""), 1, "tiingo: answer 400 Bad Request: as 400 says"},
		"418":              {code(418, "Retry-After", "1"), 1, "answer 418"},
		"another host":     {code(302, "Location", elsewhere.URL), 1, "tiingo: the answer is a redirect to another host"},
		"round and round":  {code(302, "Location", "/again"), maxRedirects + 1, "tiingo: the answer is one redirect after another"},
		"no place to go":   {code(204, "", ""), 1, "answer 204 No Content"},
		"a body too long":  {bomb, 1, "tiingo: the answer is longer than 32 MB"},
		"redirect nowhere": {code(302, "Location", "http://%zz"), maxAttempts, "tiingo: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			handler, asked := script(c.step)
			provider, _ := tiingoAt(t, serve(t, handler))
			fetch(t, provider, Request{Symbols: []string{"AAPL"}}).wants(t, "AAPL", c.want)
			if asked.Load() != c.asked {
				t.Errorf("asked %d times, want %d", asked.Load(), c.asked)
			}
		})
	}
}

func TestWhatFailsForAllIsNotAskedForEach(t *testing.T) {
	handler, asked := script(code(429, "", ""))
	provider, _ := tiingoAt(t, serve(t, handler))
	got := fetch(t, provider, Request{Symbols: symbolNames(100)})
	got.wants(t, "S99", "answer 429")
	if n := asked.Load(); n > tiingoAtOnce*maxAttempts {
		t.Errorf("asked %d times", n)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	provider, _ = tiingoAt(t, "http://"+listener.Addr().String())
	got = fetch(t, provider, Request{Symbols: symbolNames(100)})
	got.wants(t, "S50", "tiingo: dial tcp", "(asked 5 times)")
}

func TestARedirectOfTheSameHostIsFollowed(t *testing.T) {
	handler, _ := script(code(301, "Location", "/moved"), good)
	provider, _ := tiingoAt(t, serve(t, handler))
	fetch(t, provider, Request{Symbols: []string{"AAPL"}}).closes(t, "AAPL", []int64{day("2024-06-03")}, []float64{400})
}

// stall sends half a body and then nothing until the client has gone.
func stall(begun chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`[{"date"`))
		w.(http.Flusher).Flush()
		begun <- struct{}{}
		<-r.Context().Done()
	}
}

func TestABodyThatDoesNotEndMeetsTheDeadline(t *testing.T) {
	begun := make(chan struct{}, maxAttempts)
	provider, _ := tiingoAt(t, serve(t, stall(begun)))
	provider.client.timeout = 20 * time.Millisecond
	got := fetch(t, provider, Request{Symbols: []string{"AAPL"}})
	got.wants(t, "AAPL", "tiingo: no whole answer within 20ms (asked 5 times)")
}

func TestCancellingInTheMiddleOfABodyEndsTheFetch(t *testing.T) {
	begun := make(chan struct{}, 1)
	provider, _ := tiingoAt(t, serve(t, stall(begun)))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	err := provider.Fetch(ctx, Request{Symbols: []string{"AAPL"}}, func(series *bars.Series, fault *bars.Error) error {
		t.Errorf("handed over %v, %v", series, fault)
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestATakeThatFailsEndsTheFetch(t *testing.T) {
	full := errors.New("the disk is full")
	folder := t.TempDir()
	write(t, folder, "A.csv", "date,open,high,low,close,volume\n2024-06-03,1,2,1,2,5\n")
	tiingo, _ := tiingoAt(t, serve(t, good))
	alpaca, _ := alpacaAt(t, serve(t, answer(page("", `"A":`+alpacaBars(1)))))
	for _, provider := range []Provider{tiingo, alpaca, filesAt(t, folder)} {
		for _, symbols := range [][]string{{"A"}, {"?"}} {
			err := provider.Fetch(t.Context(), Request{Symbols: symbols}, func(*bars.Series, *bars.Error) error { return full })
			if !errors.Is(err, full) {
				t.Errorf("%T: got %v", provider, err)
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := provider.Fetch(ended, Request{Symbols: []string{"A"}}, func(*bars.Series, *bars.Error) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%T: got %v of a cancelled context", provider, err)
		}
	}
}

func TestNoMinuteSeesMoreRequestsThanTheLimit(t *testing.T) {
	for _, limit := range []int{1, 7, 50, 200} {
		c, err := newClient("test", "https://host", limit, 1)
		if err != nil {
			t.Fatal(err)
		}
		clock := newFakeTime()
		c.timing = clock.timing()
		var at []time.Time
		for range 3 * limit {
			if err := c.pace(t.Context()); err != nil {
				t.Fatal(err)
			}
			at = append(at, clock.now())
		}
		for i, first := range at {
			inMinute := 0
			for _, other := range at[i:] {
				// A waiter's clock counts in whole nanoseconds.
				if other.Sub(first) < time.Minute-time.Microsecond {
					inMinute++
				}
			}
			if inMinute > limit {
				t.Fatalf("limit %d: %d requests within a minute", limit, inMinute)
			}
		}
		if took := at[len(at)-1].Sub(at[0]); took > 200*time.Second {
			t.Errorf("limit %d: %d requests took %s", limit, len(at), took)
		}
	}
}

func TestASecretShowsNowhere(t *testing.T) {
	config := struct{ Token, hidden Secret }{NewSecret(testToken), NewSecret(testToken)}
	provider, _ := tiingoAt(t, "http://127.0.0.1:1")
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&shown, verb+verb+verb, config, &config, config.Token)
		fmt.Fprintf(&shown, verb+verb, provider, *provider.client)
	}
	log := slog.New(slog.NewJSONHandler(&shown, nil))
	log.Info("config", "token", config.Token, "all", config)
	slog.New(slog.NewTextHandler(&shown, nil)).Info("config", "token", config.Token, "all", config)
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(data)
	shown.WriteString(config.Token.String())
	if text := shown.String(); strings.Contains(text, testToken) || !strings.Contains(text, `{"Token":"***"}`) {
		t.Errorf("shown: %s", text)
	}
	if hex := fmt.Sprintf("%x", testToken); strings.Contains(shown.String(), hex) {
		t.Error("shown in hexadecimal")
	}
}

func TestAMessageIsOneShortLine(t *testing.T) {
	cases := map[string]string{
		`{"message": "two\nlines\u0007"}`:          "two lines",
		`{"detail": "Not found."}`:                 "Not found.",
		`{"error": "denied", "message": {"a": 1}}`: "denied",
		`{"code": 7}`:                           "",
		`[1]`:                                   "",
		`<html><body>Bad gateway</body></html>`: "",
		strings.Repeat("long ", 100):            strings.Repeat("long ", 40) + "…",
		"\xff\xfe broken":                       "broken",
		`{"message": "` + strings.Repeat("x", 20000): `{"message": "` + strings.Repeat("x", 187) + "…",
	}
	for body, want := range cases {
		if got := message([]byte(body)); got != want {
			t.Errorf("%.40q: got %q, want %q", body, got, want)
		}
	}
}
