// Package provider fetches bars from where they come from: files, Alpaca, Tiingo. What it hands
// over has not been through the door of package bars: duplicated, unsorted or impossible bars are
// passed on as they were given, so that the door can name them.
package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"vst/scanner/internal/bars"
)

// Request says which bars to fetch. Start and End are inclusive and in the unit of the timeframe:
// days since 1970-01-01 for daily bars, seconds UTC for minute bars; nil is unbounded.
type Request struct {
	Symbols    []string
	Timeframe  bars.Timeframe
	Start, End *int64
}

// Take is what a provider hands its results to: a symbol's series, or why there is none.
type Take = func(*bars.Series, *bars.Error) error

// Provider is a source of bars.
type Provider interface {
	// Fetch hands over each symbol of the request exactly once, as they come, in no promised
	// order: take is called from several goroutines at the same time. It returns early, with the
	// reason, when ctx ends or take fails; what ails one symbol or all of them is an error of each
	// symbol and not of Fetch.
	Fetch(ctx context.Context, request Request, take Take) error
}

var makers = map[string]func(json.RawMessage) (Provider, error){
	"files":  newFiles,
	"alpaca": newAlpaca,
	"tiingo": newTiingo,
}

// New makes the configured providers, by name. The configuration is that of the bootstrap line:
//
//	{"files":  {"path": DIR},
//	 "alpaca": {"key_id": …, "secret_key": …, "base_url": "", "feed": "", "requests_per_minute": 200},
//	 "tiingo": {"token": …, "base_url": "", "requests_per_minute": 50}}
//
// Keys that stand there empty or not at all have their defaults, credentials and path have none.
func New(config map[string]json.RawMessage) (map[string]Provider, error) {
	made := make(map[string]Provider, len(config))
	for name, raw := range config {
		maker := makers[name]
		if maker == nil {
			return nil, fmt.Errorf("there is no provider %q: have alpaca, files, tiingo", name)
		}
		provider, err := maker(raw)
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", name, err)
		}
		made[name] = provider
	}
	return made, nil
}

// decode reads one provider's configuration and refuses keys that it does not have.
func decode(raw json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var wrong *json.UnmarshalTypeError
	switch err := decoder.Decode(into); {
	case errors.Is(err, errNotText):
		return errNotText
	case errors.As(err, &wrong):
		return fmt.Errorf("the key %q does not take this kind of value", wrong.Field)
	case err != nil && strings.Contains(err.Error(), "unknown field"):
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	case err != nil:
		return errors.New("the configuration is not a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the configuration is more than one JSON object")
	}
	return nil
}

// refuse hands over one reason for all symbols.
func refuse(ctx context.Context, symbols []string, reason string, take Take) error {
	for _, symbol := range symbols {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := take(nil, &bars.Error{Symbol: symbol, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

// sift takes out the symbols that cannot be asked for and hands over why. It returns the others by
// their canonical spelling, and these spellings in order.
func sift(ctx context.Context, request Request, take Take) (asked map[string]string, spellings []string, err error) {
	asked = make(map[string]string, len(request.Symbols))
	seen := make(map[string]bool, len(request.Symbols))
	for _, symbol := range request.Symbols {
		if seen[symbol] {
			continue
		}
		seen[symbol] = true
		spelling := canonical(symbol)
		reason := ""
		switch other, taken := asked[spelling]; {
		case request.Start != nil && request.End != nil && *request.Start > *request.End:
			reason = "the range asked for ends before it starts"
		case !isSymbol(spelling):
			reason = "this is not a symbol"
		case taken:
			reason = fmt.Sprintf("%s, asked for too, is the same symbol", other)
		default:
			asked[spelling] = symbol
			spellings = append(spellings, spelling)
			continue
		}
		if err := refuse(ctx, []string{symbol}, reason, take); err != nil {
			return nil, nil, err
		}
	}
	sort.Strings(spellings)
	return asked, spellings, nil
}

// canonical is the one spelling of a symbol that all are compared by: capitals, and a dot before
// the share class, where the station, IBKR and files may have a space, a hyphen or a slash.
func canonical(symbol string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '/', '_':
			return '.'
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(symbol)))
}

func isSymbol(spelling string) bool {
	const longest = 24
	if spelling == "" || len(spelling) > longest || spelling[0] == '.' {
		return false
	}
	for _, r := range spelling {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' {
			return false
		}
	}
	return true
}

// within says whether a time is in the range asked for.
func (r Request) within(time int64) bool {
	return (r.Start == nil || time >= *r.Start) && (r.End == nil || time <= *r.End)
}

// value is where the columns of a bar stand in an array of them.
const (
	opening = iota
	high
	low
	closing
	volume
	columns
)

func push(s *bars.Series, time int64, values [columns]float64) {
	s.Time = append(s.Time, time)
	s.Open = append(s.Open, values[opening])
	s.High = append(s.High, values[high])
	s.Low = append(s.Low, values[low])
	s.Close = append(s.Close, values[closing])
	s.Volume = append(s.Volume, values[volume])
}
