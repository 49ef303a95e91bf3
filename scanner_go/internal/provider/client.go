package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

const (
	maxAttempts = 5
	// firstBackoff doubles from attempt to attempt; the wait is a random part of it.
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
	// maxRetryAfter is the longest wait that a provider may ask for. Longer, and its symbols get
	// their error now instead of in an hour.
	maxRetryAfter  = 90 * time.Second
	requestTimeout = 30 * time.Second
	maxBodyBytes   = 32 << 20
	// maxRefusalBytes is what is read of an answer that is no good one.
	maxRefusalBytes = 64 << 10
	maxRedirects    = 3
	maxPerMinute    = 100_000
)

// timing is the clock, the sleep and the chance of a client.
type timing struct {
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	random func() float64
}

func realTiming() timing { return timing{now: time.Now, sleep: sleep, random: rand.Float64} }

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// client asks one HTTP provider, at its rate, again where that may help.
type client struct {
	name    string
	base    *url.URL
	header  map[string]Secret
	prefix  string // stands before each secret of the header
	keys    string // the configuration keys of the credentials, for people
	http    *http.Client
	limiter *rate.Limiter
	timing  timing
	timeout time.Duration
}

// failure is why a provider gave no answer to use.
type failure struct {
	reason string
	// status is that of the answer, 0 when there was none.
	status int
	// down says that no answer began.
	down bool
	// again says that asking once more may help, wait how long the provider asks to wait before.
	again bool
	wait  *time.Duration
}

func (f *failure) Error() string { return f.reason }

// general says that every other symbol would fail in the same way.
func (f *failure) general() bool {
	switch f.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	}
	return f.down
}

func newClient(name, base string, perMinute, defaultPerMinute int) (*client, error) {
	address, err := url.Parse(base)
	if err != nil || address.Host == "" || address.RawQuery != "" || address.Fragment != "" || address.User != nil {
		return nil, errors.New(`the key "base_url" is not an address such as https://host`)
	}
	if address.Scheme != "https" && (address.Scheme != "http" || !isLoopback(address.Hostname())) {
		return nil, errors.New(`the key "base_url" does not begin with https: a key goes over plain http to this machine only`)
	}
	if perMinute == 0 {
		perMinute = defaultPerMinute
	}
	if perMinute < 0 || perMinute > maxPerMinute {
		return nil, fmt.Errorf(`the key "requests_per_minute" is %d, not in 1..%d`, perMinute, maxPerMinute)
	}
	// A tenth may go at once; the rest is spread so that no minute sees more than the limit.
	burst := max(1, perMinute/10)
	limit := rate.Limit(float64(perMinute-burst+1) / time.Minute.Seconds())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = max(alpacaAtOnce, tiingoAtOnce)
	return &client{
		name: name, base: address, limiter: rate.NewLimiter(limit, burst), timing: realTiming(), timeout: requestTimeout,
		http: &http.Client{Transport: transport, CheckRedirect: sameHost},
	}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sameHost keeps credentials with the host that they were given for.
func sameHost(request *http.Request, via []*http.Request) error {
	first := via[0].URL
	if request.URL.Host != first.Host || request.URL.Scheme != first.Scheme {
		return &failure{reason: "the answer is a redirect to another host"}
	}
	if len(via) > maxRedirects {
		return &failure{reason: "the answer is one redirect after another"}
	}
	return nil
}

// get returns the body of a good answer. Its error is that of ctx, or a *failure.
func (c *client) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	target := c.base.JoinPath(path)
	target.RawQuery = query.Encode()
	for attempt := 1; ; attempt++ {
		if err := c.pace(ctx); err != nil {
			return nil, err
		}
		body, fault := c.ask(ctx, target.String())
		switch {
		case fault == nil:
			return body, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		fault.reason = c.scrub(c.name + ": " + fault.reason)
		if !fault.again {
			return nil, fault
		}
		wait := time.Duration(c.timing.random() * float64(min(maxBackoff, firstBackoff<<(attempt-1))))
		if fault.wait != nil {
			wait = *fault.wait
		}
		switch {
		case wait > maxRetryAfter:
			fault.reason += fmt.Sprintf(" (it asks to wait %.0f s)", wait.Seconds())
			return nil, fault
		case attempt == maxAttempts:
			fault.reason += fmt.Sprintf(" (asked %d times)", attempt)
			return nil, fault
		}
		if err := c.timing.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// pace waits for this request's place in the rate.
func (c *client) pace(ctx context.Context) error {
	now := c.timing.now()
	place := c.limiter.ReserveN(now, 1)
	wait := place.DelayFrom(now)
	if wait <= 0 {
		return ctx.Err()
	}
	if err := c.timing.sleep(ctx, wait); err != nil {
		place.CancelAt(c.timing.now())
		return err
	}
	return nil
}

// ask makes one request.
func (c *client) ask(ctx context.Context, target string) ([]byte, *failure) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, &failure{reason: "the request cannot be made"}
	}
	for key, secret := range c.header {
		request.Header.Set(key, c.prefix+secret.reveal())
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		fault := c.unreached(err)
		fault.down = true
		return nil, fault
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		// What can be read of it is enough to say why.
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusalBytes))
		return nil, c.refused(response, body)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes+1))
	switch {
	case err != nil:
		return nil, c.unreached(fmt.Errorf("the answer broke off: %w", err))
	case len(body) > maxBodyBytes:
		return nil, &failure{reason: fmt.Sprintf("the answer is longer than %d MB", maxBodyBytes>>20)}
	}
	return body, nil
}

func (c *client) unreached(err error) *failure {
	var certificate *tls.CertificateVerificationError
	var redirect *failure
	var wrapped *url.Error
	switch {
	case errors.As(err, &redirect):
		return redirect
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{reason: fmt.Sprintf("no whole answer within %s", c.timeout), again: true}
	case errors.As(err, &certificate):
		return &failure{reason: "its certificate is not to be trusted: " + certificate.Err.Error()}
	case errors.As(err, &wrapped):
		// What it wraps says it without the address.
		err = wrapped.Err
	}
	return &failure{reason: err.Error(), again: true}
}

func (c *client) refused(response *http.Response, body []byte) *failure {
	code := response.StatusCode
	fault := &failure{
		reason: fmt.Sprintf("answer %d %s", code, http.StatusText(code)), status: code,
		again: code == http.StatusTooManyRequests || code >= http.StatusInternalServerError,
	}
	if said := c.said(body); said != "" {
		fault.reason += ": " + said
	}
	if code == http.StatusUnauthorized || code == http.StatusForbidden {
		fault.reason += fmt.Sprintf(" (check %s of the provider %s)", c.keys, c.name)
	}
	if fault.again {
		fault.wait = retryAfter(response.Header.Get("Retry-After"), c.timing.now())
	}
	return fault
}

// retryAfter reads the header's two forms: seconds and an HTTP date.
func retryAfter(header string, now time.Time) *time.Duration {
	wait, err := time.ParseDuration(strings.TrimSpace(header) + "s")
	if err != nil {
		at, err := http.ParseTime(header)
		if err != nil {
			return nil
		}
		wait = at.Sub(now)
	}
	wait = max(0, wait)
	return &wait
}

// said is the message of a body, without the credentials that it may repeat.
func (c *client) said(body []byte) string { return message([]byte(c.scrub(string(body)))) }

// scrub takes the credentials out of a text that others had a hand in.
func (c *client) scrub(text string) string {
	for _, secret := range c.header {
		text = strings.ReplaceAll(text, secret.reveal(), redacted)
	}
	return text
}
