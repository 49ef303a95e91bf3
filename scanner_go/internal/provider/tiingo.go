package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vst/scanner/internal/bars"
)

// tiingo asks for daily prices as Tiingo documents them: "End-of-Day Prices"
// (api.tiingo.com/documentation/end-of-day), the token in a header as in "General: Connecting",
// symbols as in "Appendix: Symbology": a hyphen before the share class, BRK-B.
//
// Its adjusted prices hold dividends too (the method of CRSP), while the station wants splits
// only. So the prices as traded are taken and adjusted here:
//
//	price(t)  = raw price(t)  / product of splitFactor(s) over all days s > t
//	volume(t) = raw volume(t) * product of splitFactor(s) over all days s > t
//
// where splitFactor is new shares for one old on the day the split takes effect and 1 on all others
// ("Splits": exDate, splitFactor = splitTo / splitFrom). Splits after the range asked for count as
// well, hence the prices are always asked for up to now and cut afterwards.
type tiingo struct{ client *client }

const (
	tiingoBase      = "https://api.tiingo.com"
	tiingoPerMinute = 50
	tiingoAtOnce    = 8
)

func newTiingo(raw json.RawMessage) (Provider, error) {
	var config struct {
		BaseURL           string `json:"base_url"`
		Token             Secret `json:"token"`
		RequestsPerMinute int    `json:"requests_per_minute"`
	}
	if err := decode(raw, &config); err != nil {
		return nil, err
	}
	if err := config.Token.usable("token"); err != nil {
		return nil, err
	}
	if config.BaseURL == "" {
		config.BaseURL = tiingoBase
	}
	client, err := newClient("tiingo", config.BaseURL, config.RequestsPerMinute, tiingoPerMinute)
	if err != nil {
		return nil, err
	}
	client.keys = "token"
	client.header, client.prefix = map[string]Secret{"Authorization": config.Token}, "Token "
	return &tiingo{client}, nil
}

// Fetch asks symbol by symbol: there is no question for several.
func (t *tiingo) Fetch(ctx context.Context, request Request, take Take) error {
	asked, spellings, err := sift(ctx, request, take)
	if err != nil {
		return err
	}
	batches := make([]batch, len(spellings))
	for i, spelling := range spellings {
		batches[i] = batch{spelling}
	}
	return web{client: t.client, atOnce: tiingoAtOnce, fetch: t.one}.run(ctx, request, asked, batches, take)
}

func (t *tiingo) one(ctx context.Context, asked batch, request Request, give give) error {
	if request.Timeframe == bars.Minute {
		// Its intraday prices are those of one exchange, and whether splits are in them is not said.
		return give(asked, nil, &failure{reason: "tiingo gives no minute bars"})
	}
	ticker := strings.ReplaceAll(asked[0], ".", "-")
	start := earliest
	if request.Start != nil {
		start = instant(*request.Start, request.Timeframe, false)
	}
	// Without a start only the newest day would come.
	query := url.Values{"startDate": {start.Format(time.DateOnly)}, "format": {"json"}, "resampleFreq": {"daily"}}
	body, err := t.client.get(ctx, "tiingo/daily/"+ticker+"/prices", query)
	var fault *failure
	switch {
	case errors.As(err, &fault):
		if fault.status == http.StatusNotFound {
			fault.reason = fmt.Sprintf("tiingo does not know the ticker %s", ticker)
		}
		return give(asked, nil, fault)
	case err != nil:
		return err
	}
	prices, err := parseTiingo(body)
	if err != nil {
		reason := fmt.Sprintf("tiingo: the prices of %s cannot be read: %s", ticker, brief(t.client.scrub(err.Error())))
		if said := t.client.said(body); said != "" {
			reason += ": " + said
		}
		return give(asked, nil, &failure{reason: reason})
	}
	return give(asked, map[string]*bars.Series{asked[0]: splitAdjusted(prices, request)}, nil)
}

// tiingoPrice is one day as traded.
type tiingoPrice struct {
	Date                           time.Time
	Open, High, Low, Close, Volume *float64
	SplitFactor                    *float64
}

// parseTiingo reads [{date, open, high, low, close, volume, splitFactor, …}, …]. A day that lacks a
// part is an error and not a shorter list.
func parseTiingo(body []byte) ([]tiingoPrice, error) {
	var prices []tiingoPrice
	if err := json.Unmarshal(body, &prices); err != nil {
		return nil, jsonFault(err)
	}
	for i, p := range prices {
		if p.Date.IsZero() || p.Open == nil || p.High == nil || p.Low == nil || p.Close == nil || p.Volume == nil || p.SplitFactor == nil {
			return nil, fmt.Errorf("price %d lacks a value", i+1)
		}
		if *p.SplitFactor <= 0 {
			return nil, fmt.Errorf("the split factor of %s is %g", p.Date.Format(time.DateOnly), *p.SplitFactor)
		}
	}
	return prices, nil
}

// splitAdjusted puts prices and volumes in shares of today.
func splitAdjusted(prices []tiingoPrice, request Request) *bars.Series {
	splits := map[time.Time]float64{}
	for _, p := range prices {
		if *p.SplitFactor != 1 {
			splits[p.Date] = *p.SplitFactor
		}
	}
	dates := slices.SortedFunc(maps.Keys(splits), time.Time.Compare)
	series := &bars.Series{}
	for _, p := range prices {
		day := inUnit(p.Date, bars.Daily)
		if !request.within(day) {
			continue
		}
		factor := 1.0
		for _, date := range dates {
			if date.After(p.Date) {
				factor *= splits[date]
			}
		}
		push(series, day, [columns]float64{*p.Open / factor, *p.High / factor, *p.Low / factor, *p.Close / factor, *p.Volume * factor})
	}
	return series
}
