package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vst/scanner/internal/bars"
)

// alpaca asks for stock bars as Alpaca documents them: "Market Data API", "Historical bars"
// (docs.alpaca.markets, reference stockbars): several symbols in one question, sorted by symbol and
// then by time, in pages that next_page_token strings together, split-adjusted on request. A
// refusal of the key is a 403 there ("Market Data FAQ"). Share classes have a dot: BRK.B, which is
// the canonical spelling.
type alpaca struct {
	client *client
	feed   string
}

const (
	alpacaBase      = "https://data.alpaca.markets"
	alpacaPath      = "v2/stocks/bars"
	alpacaPerMinute = 200
	// alpacaPageBars is the most that one page may have.
	alpacaPageBars  = 10_000
	alpacaAtOnce    = 4
	alpacaMaxBatch  = 100
	alpacaBatchBars = 200_000
	// alpacaMaxBars bounds what the pages of one batch add up to: minutes of twenty years.
	alpacaMaxBars = 5_000_000
)

// alpacaFirst is where its history begins.
var alpacaFirst = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)

func newAlpaca(raw json.RawMessage) (Provider, error) {
	var config struct {
		BaseURL           string `json:"base_url"`
		KeyID             Secret `json:"key_id"`
		SecretKey         Secret `json:"secret_key"`
		Feed              string `json:"feed"`
		RequestsPerMinute int    `json:"requests_per_minute"`
	}
	if err := decode(raw, &config); err != nil {
		return nil, err
	}
	if err := config.KeyID.usable("key_id"); err != nil {
		return nil, err
	}
	if err := config.SecretKey.usable("secret_key"); err != nil {
		return nil, err
	}
	if config.BaseURL == "" {
		config.BaseURL = alpacaBase
	}
	client, err := newClient("alpaca", config.BaseURL, config.RequestsPerMinute, alpacaPerMinute)
	if err != nil {
		return nil, err
	}
	client.keys = "key_id and secret_key"
	client.header = map[string]Secret{"APCA-API-KEY-ID": config.KeyID, "APCA-API-SECRET-KEY": config.SecretKey}
	return &alpaca{client: client, feed: config.Feed}, nil
}

// Fetch asks for batches of symbols.
func (a *alpaca) Fetch(ctx context.Context, request Request, take Take) error {
	asked, spellings, err := sift(ctx, request, take)
	if err != nil {
		return err
	}
	var batches []batch
	for size := a.batchSize(request); len(spellings) > 0; {
		n := min(size, len(spellings))
		batches = append(batches, batch(spellings[:n]))
		spellings = spellings[n:]
	}
	return web{client: a.client, atOnce: alpacaAtOnce, fetch: a.batch}.run(ctx, request, asked, batches, take)
}

// batchSize is how many symbols to ask for at once, so that few requests do and the answer, which
// is held until its last page, stays small.
func (a *alpaca) batchSize(request Request) int {
	const minutesADay = 960 // those before and after the session included
	from, to := alpacaFirst, a.client.timing.now()
	if request.Start != nil {
		from = instant(*request.Start, request.Timeframe, false)
	}
	if request.End != nil {
		to = instant(*request.End, request.Timeframe, true)
	}
	expected := to.Sub(from).Hours()/24*5/7 + 1
	if request.Timeframe == bars.Minute {
		expected *= minutesADay
	}
	return min(max(int(alpacaBatchBars/max(expected, 1)), 1), alpacaMaxBatch)
}

// batch asks one question. One symbol that Alpaca does not take spoils the whole of it: it is then
// asked in halves, so that only that symbol is the poorer.
func (a *alpaca) batch(ctx context.Context, asked batch, request Request, give give) error {
	found, err := a.pages(ctx, asked, request)
	var fault *failure
	if err != nil && !errors.As(err, &fault) {
		return err
	}
	if len(asked) > 1 && fault != nil &&
		(fault.status == http.StatusBadRequest || fault.status == http.StatusUnprocessableEntity) {
		half := len(asked) / 2
		if err := a.batch(ctx, asked[:half], request, give); err != nil {
			return err
		}
		return a.batch(ctx, asked[half:], request, give)
	}
	return give(asked, found, fault)
}

// pages reads all pages of one question. Its error is that of ctx, or a *failure.
func (a *alpaca) pages(ctx context.Context, asked batch, request Request) (map[string]*bars.Series, error) {
	query := a.query(asked, request)
	found := make(map[string]*bars.Series, len(asked))
	for _, spelling := range asked {
		found[spelling] = &bars.Series{}
	}
	count := 0
	for number := 1; ; number++ {
		body, err := a.client.get(ctx, alpacaPath, query)
		if err != nil {
			return nil, err
		}
		page, err := parseAlpacaPage(body)
		if err == nil {
			err = page.add(found, request)
		}
		if count += page.count; err == nil && count > alpacaMaxBars {
			err = fmt.Errorf("there are more than %d bars", alpacaMaxBars)
		}
		if err == nil && page.next != "" && page.next == query.Get("page_token") {
			err = errors.New("it names itself as the next one")
		}
		if err != nil {
			reason := fmt.Sprintf("alpaca: page %d cannot be read: %s", number, brief(a.client.scrub(err.Error())))
			if said := a.client.said(body); said != "" {
				reason += ": " + said
			}
			return nil, &failure{reason: reason}
		}
		if page.next == "" {
			return found, nil
		}
		query.Set("page_token", page.next)
	}
}

func (a *alpaca) query(asked batch, request Request) url.Values {
	query := url.Values{
		"symbols": {strings.Join(asked, ",")}, "timeframe": {"1Day"}, "adjustment": {"split"},
		"limit": {strconv.Itoa(alpacaPageBars)},
		// Without a start only today's bars would come.
		"start": {alpacaFirst.Format(time.RFC3339)},
	}
	if request.Timeframe == bars.Minute {
		query.Set("timeframe", "1Min")
	}
	if request.Start != nil {
		query.Set("start", instant(*request.Start, request.Timeframe, false).Format(time.RFC3339))
	}
	if request.End != nil {
		// An end in the future is one that a plan without the newest data refuses; left out, it is
		// the newest that the plan gives.
		if end := instant(*request.End, request.Timeframe, true); end.Before(a.client.timing.now()) {
			query.Set("end", end.Format(time.RFC3339))
		}
	}
	if a.feed != "" {
		query.Set("feed", a.feed)
	}
	return query
}

// alpacaPage is one answer.
type alpacaPage struct {
	bars  map[string][]alpacaBar
	count int
	next  string
}

type alpacaBar struct {
	T             time.Time
	O, H, L, C, V *float64
}

// present tells a key that stands there, even as null, from one that does not.
type present[T any] struct {
	there bool
	value T
}

func (p *present[T]) UnmarshalJSON(data []byte) error {
	p.there = true
	return json.Unmarshal(data, &p.value)
}

// parseAlpacaPage reads {"bars": {SYMBOL: [{t, o, h, l, c, v, …}, …] or null, …} or null,
// "next_page_token": TOKEN or null}. A page that lacks a part is an error and not a shorter page.
func parseAlpacaPage(body []byte) (alpacaPage, error) {
	var answer struct {
		Bars present[map[string][]alpacaBar] `json:"bars"`
		Next present[string]                 `json:"next_page_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return alpacaPage{}, jsonFault(err)
	}
	if !answer.Bars.there || !answer.Next.there {
		return alpacaPage{}, errors.New("it has no bars or no next_page_token")
	}
	page := alpacaPage{bars: answer.Bars.value, next: answer.Next.value}
	for symbol, list := range page.bars {
		page.count += len(list)
		for i, bar := range list {
			if bar.T.IsZero() || bar.O == nil || bar.H == nil || bar.L == nil || bar.C == nil || bar.V == nil {
				return alpacaPage{}, fmt.Errorf("bar %d of %s lacks a value", i+1, brief(symbol))
			}
		}
	}
	return page, nil
}

// add appends the page's bars to what was found. A daily bar stands at midnight in New York, which
// is the same date in UTC.
func (p alpacaPage) add(found map[string]*bars.Series, request Request) error {
	for symbol, list := range p.bars {
		series := found[symbol]
		if series == nil {
			return fmt.Errorf("it has bars of %s, which was not asked for", brief(symbol))
		}
		for _, bar := range list {
			if at := inUnit(bar.T, request.Timeframe); request.within(at) {
				push(series, at, [columns]float64{*bar.O, *bar.H, *bar.L, *bar.C, *bar.V})
			}
		}
	}
	return nil
}
