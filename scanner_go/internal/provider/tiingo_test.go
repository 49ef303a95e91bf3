package provider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vst/scanner/internal/bars"
)

// price is one day as Tiingo writes it. The adjusted values have dividends in them: none may be used.
func price(date string, closing, factor float64) string {
	return fmt.Sprintf(`{"date":"%sT00:00:00.000Z","close":%g,"high":%g,"low":%g,"open":%g,"volume":1000,`+
		`"adjClose":3.14,"adjHigh":3.14,"adjLow":3.14,"adjOpen":3.14,"adjVolume":314,"divCash":0.5,"splitFactor":%g}`,
		date, closing, closing+1, closing-1, closing, factor)
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

func TestTiingoIsAskedAsDocumented(t *testing.T) {
	var asked *http.Request
	provider, _ := tiingoAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		_, _ = w.Write([]byte("[" + price("2024-06-03", 400, 1) + "]"))
	}))
	got := fetch(t, provider, Request{Symbols: []string{"BRK.B"}, Start: ptr(day("2024-06-03")), End: ptr(day("2024-06-07"))})
	got.closes(t, "BRK.B", []int64{day("2024-06-03")}, []float64{400})
	if asked.URL.Path != "/tiingo/daily/BRK-B/prices" || asked.Header.Get("Authorization") != "Token "+testToken {
		t.Errorf("asked for %s with %v", asked.URL, asked.Header)
	}
	if want := "format=json&resampleFreq=daily&startDate=2024-06-03"; asked.URL.RawQuery != want {
		t.Errorf("asked for %s, want %s", asked.URL.RawQuery, want)
	}
	fetch(t, provider, Request{Symbols: []string{"BRK.B"}})
	if asked.URL.Query().Get("startDate") != "1900-01-01" {
		t.Errorf("asked for %s", asked.URL)
	}
}

func TestTiingoPricesAreAdjustedForSplitsOnly(t *testing.T) {
	body := "[" + strings.Join([]string{
		price("2024-06-03", 1200, 1), price("2024-06-04", 600, 2), price("2024-06-05", 601, 1),
		price("2024-06-06", 60.5, 10), price("2024-06-07", 61, 1), price("2024-06-10", 122, 0.5),
	}, ",") + "]"
	provider, _ := tiingoAt(t, serve(t, answer(body)))
	got := fetch(t, provider, Request{Symbols: []string{"NVDA"}, Start: ptr(day("2024-06-03")), End: ptr(day("2024-06-06"))})
	monday := day("2024-06-03")
	// Splits after the range asked for count too: 2 * 10 * 0.5, 10 * 0.5, 10 * 0.5, 0.5.
	got.closes(t, "NVDA", []int64{monday, monday + 1, monday + 2, monday + 3}, []float64{120, 120, 120.2, 121})
	series := got.series["NVDA"]
	if !same(series.Volume, []float64{10000, 5000, 5000, 500}) || series.High[0] != 120.1 || series.Low[0] != 119.9 {
		t.Errorf("got %+v", series)
	}
}

func TestASplitCountsOnceForDaysThatAreOutOfOrder(t *testing.T) {
	body := "[" + strings.Join([]string{price("2024-06-04", 50, 2), price("2024-06-04", 50, 2), price("2024-06-03", 100, 1)}, ",") + "]"
	provider, _ := tiingoAt(t, serve(t, answer(body)))
	got := fetch(t, provider, Request{Symbols: []string{"AAPL"}})
	monday := day("2024-06-03")
	got.closes(t, "AAPL", []int64{monday + 1, monday + 1, monday}, []float64{50, 50, 50})
}

func TestTiingoAnswersThatGiveNoBars(t *testing.T) {
	good := price("2024-06-03", 400, 1)
	cases := map[string]struct{ body, want string }{
		"no days":       {`[]`, "tiingo: there are no bars in the range asked for"},
		"null":          {`null`, "tiingo: there are no bars in the range asked for"},
		"malformed":     {`[` + good, "the prices of AAPL cannot be read: it is no JSON from byte"},
		"a message":     {`{"detail":"Error: no requests left for ` + testToken + `"}`, "is a JSON object: Error: no requests left for ***"},
		"plain text":    {`You have run over your limit`, "it is no JSON from byte 1 on: You have run over your limit"},
		"a day in part": {`[` + good + `,{"date":"2024-06-04T00:00:00.000Z","close":5}]`, "price 2 lacks a value"},
		"null price":    {strings.Replace(`[`+good+`]`, `"close":400`, `"close":null`, 1), "price 1 lacks a value"},
		"NaN as text":   {strings.Replace(`[`+good+`]`, `"close":400`, `"close":"NaN"`, 1), "is a JSON string"},
		"no factor":     {strings.Replace(`[`+good+`]`, `splitFactor`, `factor`, 1), "price 1 lacks a value"},
		"factor zero":   {`[` + price("2024-06-03", 400, 0) + `]`, "the split factor of 2024-06-03 is 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			provider, _ := tiingoAt(t, serve(t, answer(c.body)))
			fetch(t, provider, Request{Symbols: []string{"AAPL"}}).wants(t, "AAPL", "tiingo", c.want)
		})
	}
}

func TestAnUnknownTickerIsItsOwnError(t *testing.T) {
	provider, clock := tiingoAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "NO-PE") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"detail":"Not found."}`))
			return
		}
		_, _ = w.Write([]byte("[" + price("2024-06-03", 400, 1) + "]"))
	}))
	got := fetch(t, provider, Request{Symbols: []string{"NO.PE", "AAPL", "MSFT"}})
	got.wants(t, "NO.PE", "tiingo does not know the ticker NO-PE")
	if len(got.series) != 2 || len(clock.slept) != 0 {
		t.Errorf("got %v, waited %v", got.faults, clock.slept)
	}
}

func TestTiingoHasNoMinutes(t *testing.T) {
	provider, _ := tiingoAt(t, serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	got := fetch(t, provider, Request{Symbols: []string{"AAPL", "MSFT"}, Timeframe: bars.Minute})
	got.wants(t, "AAPL", "tiingo gives no minute bars")
	got.wants(t, "MSFT", "tiingo gives no minute bars")
}

func TestAWrongTokenNamesItsKey(t *testing.T) {
	provider, clock := tiingoAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"detail":"Invalid token ` + testToken + `."}`))
	}))
	got := fetch(t, provider, Request{Symbols: symbolNames(30)})
	got.wants(t, "S29", "tiingo: answer 401 Unauthorized: Invalid token ***. (check token of the provider tiingo)")
	if len(clock.slept) != 0 {
		t.Errorf("waited %v", clock.slept)
	}
}

func FuzzTiingoPrices(f *testing.F) {
	f.Add([]byte("[" + price("2024-06-03", 400, 1) + "," + price("2024-06-04", 200, 2) + "]"))
	f.Add([]byte(`{"detail":"Not found."}`))
	f.Add([]byte(`[{"date":"2024-06-04T00:00:00.000Z","splitFactor":1e-320}]`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = message(body)
		prices, err := parseTiingo(body)
		if err != nil {
			return
		}
		series := splitAdjusted(prices, Request{})
		if len(series.Time) != len(prices) || len(series.Volume) != len(prices) {
			t.Errorf("%d prices became %d bars", len(prices), len(series.Time))
		}
	})
}

func FuzzAlpacaPage(f *testing.F) {
	f.Add([]byte(page("two", `"AAPL":`+alpacaBars(1, 2, 3), `"MSFT":null`)))
	f.Add([]byte(`{"bars":null,"next_page_token":null}`))
	f.Add([]byte(`{"message":"forbidden."}`))
	f.Add([]byte(page("", `"AAPL":[{"t":"0001-01-01T00:00:00Z","o":1,"h":1,"l":1,"c":1,"v":1}]`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := parseAlpacaPage(body)
		if err != nil {
			return
		}
		found := map[string]*bars.Series{}
		for symbol := range page.bars {
			found[symbol] = &bars.Series{}
		}
		if err := page.add(found, Request{}); err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, series := range found {
			total += len(series.Time)
		}
		if total != page.count {
			t.Errorf("%d bars of %d", total, page.count)
		}
	})
}
