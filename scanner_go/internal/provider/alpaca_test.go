package provider

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vst/scanner/internal/bars"
)

// alpacaBars writes daily bars whose close is given, from 2024-06-03 on.
func alpacaBars(closes ...float64) string {
	var list []string
	at := time.Date(2024, 6, 3, 4, 0, 0, 0, time.UTC)
	for i, price := range closes {
		list = append(list, fmt.Sprintf(`{"t":%q,"o":%g,"h":%g,"l":%g,"c":%g,"v":1000,"n":12,"vw":%g}`,
			at.AddDate(0, 0, i).Format(time.RFC3339), price, price+1, price-1, price, price))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func page(next string, symbols ...string) string {
	if next == "" {
		next = "null"
	} else {
		next = `"` + next + `"`
	}
	return `{"bars":{` + strings.Join(symbols, ",") + `},"next_page_token":` + next + `}`
}

// pages answers with the page that the token names.
func pages(of map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(of[r.URL.Query().Get("page_token")]))
	}
}

func TestAlpacaIsAskedAsDocumented(t *testing.T) {
	var asked *http.Request
	provider, _ := alpacaAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		_, _ = w.Write([]byte(page("", `"AAPL":`+alpacaBars(190), `"BRK.B":null`)))
	}))
	provider.feed = "iex"
	got := fetch(t, provider, Request{
		Symbols: []string{"BRK B", "AAPL"}, Start: ptr(day("2024-06-03")), End: ptr(day("2024-06-07")),
	})
	query := asked.URL.Query()
	for key, want := range map[string]string{
		"symbols": "AAPL,BRK.B", "timeframe": "1Day", "adjustment": "split", "limit": "10000", "feed": "iex",
		"start": "2024-06-03T00:00:00Z", "end": "2024-06-07T23:59:59Z", "page_token": "",
	} {
		if query.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, query.Get(key), want)
		}
	}
	if asked.URL.Path != "/v2/stocks/bars" || asked.Header.Get("APCA-API-KEY-ID") != testKey || asked.Header.Get("APCA-API-SECRET-KEY") != testToken {
		t.Errorf("asked %s with %v", asked.URL, asked.Header)
	}
	if asked.Header.Get("Accept-Encoding") != "gzip" {
		t.Errorf("asked for the encoding %q", asked.Header.Get("Accept-Encoding"))
	}
	got.closes(t, "AAPL", []int64{day("2024-06-03")}, []float64{190})
	got.wants(t, "BRK B", "alpaca: there are no bars in the range asked for")
}

func TestAlpacaMinutesAndOpenRange(t *testing.T) {
	var asked *http.Request
	provider, clock := alpacaAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		_, _ = w.Write([]byte(page("", `"AAPL":[{"t":"2024-06-10T13:30:00Z","o":1,"h":2,"l":1,"c":2,"v":0}]`)))
	}))
	at := time.Date(2024, 6, 10, 13, 30, 0, 0, time.UTC).Unix()
	got := fetch(t, provider, Request{Symbols: []string{"AAPL"}, Timeframe: bars.Minute, Start: ptr(at), End: ptr(clock.at.Unix() + 1)})
	got.closes(t, "AAPL", []int64{at}, []float64{2})
	if got.series["AAPL"].Timeframe != bars.Minute {
		t.Error("the series is not one of minutes")
	}
	if query := asked.URL.Query(); query.Get("timeframe") != "1Min" || query.Get("start") != "2024-06-10T13:30:00Z" || query.Has("end") {
		t.Errorf("asked for %v", query)
	}
	fetch(t, provider, Request{Symbols: []string{"AAPL"}})
	if query := asked.URL.Query(); query.Get("start") != "2016-01-01T00:00:00Z" || query.Has("end") {
		t.Errorf("asked for %v", query)
	}
}

func TestASymbolContinuesOverAlpacaPages(t *testing.T) {
	whole := alpacaBars(1, 2, 3, 4, 5)
	list := strings.SplitAfter(strings.Trim(whole, "[]"), "},")
	first, second, third := strings.Join(list[:2], ""), strings.Join(list[2:4], ""), list[4]
	provider, _ := alpacaAt(t, serve(t, pages(map[string]string{
		"":    page("two", `"AAPL":`+alpacaBars(9), `"MSFT":[`+strings.TrimSuffix(first, ",")+`]`),
		"two": page("tre", `"MSFT":[`+strings.TrimSuffix(second, ",")+`]`),
		"tre": page("", `"MSFT":[`+third+`]`, `"ZTS":`+alpacaBars(7, 8)),
	})))
	got := fetch(t, provider, Request{Symbols: []string{"ZTS", "MSFT", "AAPL"}, End: ptr(day("2024-06-06"))})
	monday := day("2024-06-03")
	got.closes(t, "AAPL", []int64{monday}, []float64{9})
	got.closes(t, "MSFT", []int64{monday, monday + 1, monday + 2, monday + 3}, []float64{1, 2, 3, 4})
	got.closes(t, "ZTS", []int64{monday, monday + 1}, []float64{7, 8})
}

func TestAPageThatCannotBeReadIsTheErrorOfItsSymbols(t *testing.T) {
	good := `{"t":"2024-06-03T04:00:00Z","o":1,"h":2,"l":1,"c":1,"v":5}`
	cases := map[string]struct{ body, want string }{
		"malformed":        {`{"bars":{"AAPL":[`, "page 2 cannot be read: it is no JSON from byte 17 on"},
		"no bars":          {`{"next_page_token":null}`, "page 2 cannot be read: it has no bars or no next_page_token"},
		"no token":         {`{"bars":{}}`, "page 2 cannot be read: it has no bars or no next_page_token"},
		"a message":        {`{"message":"maintenance for ` + testToken + `"}`, "no next_page_token: maintenance for ***"},
		"a bar in part":    {page("", `"AAPL":[`+good+`,{"t":"2024-06-04T04:00:00Z","o":1}]`), "bar 2 of AAPL lacks a value"},
		"a null bar":       {page("", `"AAPL":[null]`), "bar 1 of AAPL lacks a value"},
		"NaN as text":      {page("", `"AAPL":[{"t":"2024-06-04T04:00:00Z","o":"NaN"}]`), "is a JSON string"},
		"NaN":              {page("", `"AAPL":[{"t":"2024-06-04T04:00:00Z","o":NaN}]`), "it is no JSON from byte"},
		"no time":          {page("", `"AAPL":[{"t":"yesterday"}]`), "yesterday"},
		"another symbol":   {page("", `"TSLA":[`+good+`]`), "it has bars of TSLA, which was not asked for"},
		"itself as next":   {page("two"), "it names itself as the next one"},
		"not even an HTML": {"<html>Bad gateway</html>", "it is no JSON from byte 1 on"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			provider, _ := alpacaAt(t, serve(t, pages(map[string]string{
				"": page("two", `"AAPL":`+alpacaBars(1, 2)), "two": c.body,
			})))
			got := fetch(t, provider, Request{Symbols: []string{"AAPL", "MSFT"}})
			got.wants(t, "AAPL", "alpaca: ", c.want)
			got.wants(t, "MSFT", "alpaca: ", c.want)
		})
	}
}

func TestBarsThatTheDoorRefusesArePassedOn(t *testing.T) {
	bar := `{"t":"2024-06-04T04:00:00Z","o":1,"h":-2,"l":1,"c":1,"v":5}`
	earlier := `{"t":"2024-06-03T04:00:00Z","o":0,"h":2,"l":1,"c":3,"v":5}`
	provider, _ := alpacaAt(t, serve(t, pages(map[string]string{"": page("", `"AAPL":[`+bar+`,`+bar+`,`+earlier+`]`)})))
	got := fetch(t, provider, Request{Symbols: []string{"AAPL"}})
	tuesday := day("2024-06-04")
	got.closes(t, "AAPL", []int64{tuesday, tuesday, tuesday - 1}, []float64{1, 1, 3})
}

func TestOneSymbolThatAlpacaRefusesDoesNotSpoilTheOthers(t *testing.T) {
	provider, _ := alpacaAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		symbols := strings.Split(r.URL.Query().Get("symbols"), ",")
		if slices.Contains(symbols, "NOPE9") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"code":40010001,"message":"invalid symbol: NOPE9"}`))
			return
		}
		var parts []string
		for _, symbol := range symbols {
			parts = append(parts, `"`+symbol+`":`+alpacaBars(5))
		}
		_, _ = w.Write([]byte(page("", parts...)))
	}))
	symbols := []string{"A", "B", "C", "D", "E", "NOPE9", "Z"}
	got := fetch(t, provider, Request{Symbols: symbols})
	got.wants(t, "NOPE9", "alpaca: answer 400 Bad Request: invalid symbol: NOPE9")
	if len(got.series) != len(symbols)-1 {
		t.Errorf("%d symbols have bars; %v", len(got.series), got.faults)
	}
}

func TestAWrongKeyIsAskedWithOnce(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		var mu sync.Mutex
		count := 0
		provider, clock := alpacaAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			count++
			w.WriteHeader(code)
			_, _ = w.Write([]byte(`{"message": "forbidden: ` + testKey + `."}`))
		}))
		// Minutes of years: a batch each.
		got := fetch(t, provider, Request{Symbols: symbolNames(40), Timeframe: bars.Minute})
		got.wants(t, "S0", fmt.Sprint("answer ", code), "forbidden: ***.", "(check key_id and secret_key of the provider alpaca)")
		got.wants(t, "S39", fmt.Sprint("answer ", code))
		if count > alpacaAtOnce || len(clock.slept) > 0 {
			t.Errorf("asked %d times, waited %v", count, clock.slept)
		}
	}
}

func symbolNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("S", i)
	}
	return names
}

func TestBatchesHoldAboutAsManyBars(t *testing.T) {
	provider, clock := alpacaAt(t, "http://127.0.0.1:1")
	today := clock.at.Unix() / secondsPerDay
	cases := []struct {
		request Request
		want    int
	}{
		{Request{}, 90},
		{Request{Start: ptr(today - 7)}, 100},
		{Request{Start: ptr(-1 << 62), End: ptr(1 << 62)}, 2},
		{Request{Timeframe: bars.Minute}, 1},
		{Request{Timeframe: bars.Minute, Start: ptr(clock.at.Unix() - 5*secondsPerDay)}, 45},
	}
	for _, c := range cases {
		if got := provider.batchSize(c.request); got != c.want {
			t.Errorf("%+v: %d symbols at once, want %d", c.request, got, c.want)
		}
	}
}
