package library

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain are n daily bars of days first, first+1, … whose prices tell the day.
func plain(symbol string, first, n int) *bars.Series {
	s := bars.MakeSeries(symbol, bars.Daily, n)
	for i := range n {
		price := float64(first + i)
		s.Time[i], s.Open[i], s.High[i], s.Low[i], s.Close[i], s.Volume[i] = int64(first+i), price, price+1, price, price, 100
	}
	return s
}

// closes takes out what a view has of each symbol.
func closes(view *View) map[string][]float64 {
	found := map[string][]float64{}
	for i := range view.Items {
		for lane, index := range view.Items[i].Index {
			if index >= 0 {
				var table Table
				table.Add(view.Items[i].Part(lane, math.MinInt64, math.MaxInt64))
				table.toUSD()
				found[view.Symbols[index]] = table.Floats[3]
			}
		}
	}
	return found
}

func held(l *Library, symbols ...string) map[string][]float64 {
	view := l.View(symbols, bars.Daily)
	defer view.Release()
	return closes(view)
}

func from(first, n int) []float64 { return plain("", first, n).Close }

func TestAppendedBarsStandBehind(t *testing.T) {
	for _, length := range []int{1, 2, 150, kernel.Slow, 300} {
		l := New(nil)
		l.Replace(plain("A", 1, length))
		for step, n := range []int{1, 1, 5, maxLater, 1} {
			if step%2 == 0 {
				held(l, "A")
			}
			next := plain("A", length+1, n)
			length += n
			if fault := l.Append(next); fault != nil {
				t.Fatal(fault)
			}
		}
		if got := held(l, "A")["A"]; !slices.Equal(got, from(1, length)) {
			t.Errorf("%d bars: got %v", length, got)
		}
	}
}

func TestABarOfTheLastDayTakesItsPlace(t *testing.T) {
	for _, length := range []int{1, 20, 300} {
		l := New(nil)
		l.Replace(plain("A", 1, length))
		held(l, "A")
		for _, price := range []float64{500.25, 501.5, 1.0 / 3} {
			again := plain("A", length, 1)
			again.Open[0], again.Close[0], again.Low[0], again.High[0] = price, price, price, price+1
			if fault := l.Append(again); fault != nil {
				t.Fatal(fault)
			}
			want := append(from(1, length-1), price)
			if got := held(l, "A")["A"]; !slices.Equal(got, want) {
				t.Errorf("%d bars: got %v, want %v", length, got, want)
			}
		}
	}
}

func TestASymbolThatGoesBackIsRefusedUntilReplaced(t *testing.T) {
	for _, length := range []int{5, 300} {
		l := New(nil)
		l.Replace(plain("A", 1, length))
		l.Replace(plain("B", 1, length))
		held(l, "A", "B")
		first := l.Append(plain("A", length-2, 1))
		if first == nil || !strings.Contains(first.Reason, "the date goes back") {
			t.Fatalf("got %+v", first)
		}
		if again := l.Append(plain("A", length+1, 1)); again != first {
			t.Errorf("a good bar gives %+v", again)
		}
		view := l.View([]string{"A", "B"}, bars.Daily)
		if got := closes(view); len(got) != 1 || len(view.Errors) != 1 || view.Errors[0] != first {
			t.Errorf("held %v, errors %v", got, view.Errors)
		}
		view.Release()
		l.Replace(plain("A", 7, 1))
		if got := held(l, "A")["A"]; !slices.Equal(got, []float64{7}) {
			t.Errorf("after replacing: %v", got)
		}
	}
}

func TestAViewKeepsWhatItShowed(t *testing.T) {
	l := New(nil)
	for i := range 20 {
		l.Replace(plain(fmt.Sprint("S", i), 1, 250))
	}
	view := l.View(nil, bars.Daily)
	defer view.Release()
	for i := range 20 {
		symbol := fmt.Sprint("S", i)
		switch i % 3 {
		case 0:
			l.Replace(plain(symbol, 900, 3))
		case 1:
			if fault := l.Append(plain(symbol, 251, 1)); fault != nil {
				t.Fatal(fault)
			}
		default:
			l.Refuse(bars.Daily, &bars.Error{Symbol: symbol, Reason: "test"})
		}
	}
	held(l)
	for symbol, got := range closes(view) {
		if !slices.Equal(got, from(1, 250)) {
			t.Errorf("%s changed to %v", symbol, got)
		}
	}
	if now := held(l); len(now) != 14 || len(now["S0"]) != 3 || len(now["S1"]) != 251 {
		t.Errorf("the library holds %d symbols", len(now))
	}
}

func TestVolumesThatLostMostOfTheirSymbolsAreMadeAnew(t *testing.T) {
	l := New(nil)
	for i := range 64 {
		l.Replace(plain(fmt.Sprintf("S%02d", i), 1, 30))
	}
	held(l)
	for i := range 64 {
		if i%8 != 0 {
			l.Replace(plain(fmt.Sprintf("S%02d", i), 1, 40))
		}
	}
	view := l.View(nil, bars.Daily)
	defer view.Release()
	if len(view.Items) != 8 || len(closes(view)) != 64 {
		t.Errorf("%d volumes for %d symbols", len(view.Items), len(closes(view)))
	}
}

func TestReadersAndWritersAtOnce(t *testing.T) {
	of, err := store.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l := New(of)
	var all sync.WaitGroup
	for writer := range 3 {
		all.Go(func() {
			for round := range 30 {
				for i := range 12 {
					s := plain(fmt.Sprint("S", writer, i), 1, 210+round)
					switch {
					case round == 0 || i == round%12:
						l.Replace(s)
					case i == (round+1)%12 && writer == 0:
						if err := l.Keep(t.Context(), store.Change{Replace: []*bars.Series{s}}); err != nil {
							t.Error(err)
						}
					default:
						_, last := s.Split(209 + round)
						if fault := l.Append(last); fault != nil {
							t.Error(fault)
						}
					}
				}
			}
		})
	}
	for range 3 {
		all.Go(func() {
			for range 100 {
				for symbol, got := range held(l) {
					if !slices.Equal(got, from(1, len(got))) {
						t.Errorf("%s: %v", symbol, got)
					}
				}
			}
		})
	}
	all.Wait()
	if got := held(l); len(got) != 36 || len(got["S0 1"]) != 239 {
		t.Errorf("%d symbols, %d bars", len(got), len(got["S0 1"]))
	}
	l.Close()
	if err := of.Close(); err != nil {
		t.Error(err)
	}
}

func TestBarsInMemoryGoBeforeKeptOnes(t *testing.T) {
	of, err := store.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer of.Close()
	l := New(of)
	defer l.Close()
	if err := l.Refresh(); err != nil {
		t.Fatal(err)
	}
	if err := l.Keep(t.Context(), store.Change{Replace: []*bars.Series{plain("A", 1, 300), plain("B", 1, 300)}}); err != nil {
		t.Fatal(err)
	}
	// A forming bar stands behind the kept ones in memory only.
	if fault := l.Append(plain("A", 301, 1)); fault != nil {
		t.Fatal(fault)
	}
	l.Replace(plain("B", 5, 2))
	if got := held(l); len(got["A"]) != 301 || len(got["B"]) != 2 {
		t.Errorf("%d bars of A, %d of B", len(got["A"]), len(got["B"]))
	}
	found, _ := l.List()
	if len(found) != 2 || found[1].Kept {
		t.Errorf("listed %+v", found)
	}
	if err := l.Keep(t.Context(), store.Change{Append: []*bars.Series{plain("A", 301, 2)}}); err != nil {
		t.Fatal(err)
	}
	if got := held(l, "A")["A"]; !slices.Equal(got, from(1, 302)) {
		t.Errorf("after keeping: %d bars", len(got))
	}
	if before := l.Before("A", bars.Daily, 10); before == nil || !slices.Equal(before.Close, from(1, 9)) {
		t.Errorf("before day 10: %+v", before)
	}
	if before := l.Before("NOPE", bars.Daily, 10); before != nil {
		t.Errorf("before day 10 of nothing: %+v", before)
	}
}

func TestTimeframesAreApart(t *testing.T) {
	l := New(nil)
	minute := plain("A", 0, 2)
	minute.Timeframe = bars.Minute
	minute.Time = []int64{16230*86400 + 52200, 16230*86400 + 52260}
	l.Replace(minute)
	if got := held(l, "A"); len(got) != 0 {
		t.Errorf("daily bars %v", got)
	}
	view := l.View([]string{"A"}, bars.Minute)
	defer view.Release()
	var table Table
	if table.Add(view.Items[0].Part(0, math.MinInt64, math.MaxInt64)); !slices.Equal(table.Time, minute.Time) || view.Items[0].Volume.Day(0, 0) != 16230 {
		t.Errorf("got %+v", table)
	}
	if symbols, count := l.Size(); symbols != 1 || count != 2 {
		t.Errorf("%d symbols, %d bars", symbols, count)
	}
}

func TestBarsOverMoreYearsThanAnAnswerCanCountAreRefused(t *testing.T) {
	l := New(nil)
	wide := plain("A", 1, 300)
	wide.Time[0] = -70_000
	l.Replace(wide)
	l.Replace(plain("B", 1, 300))
	held(l)
	later := plain("B", 301, 1)
	later.Time[0] = 70_000
	if fault := l.Append(later); fault != nil {
		t.Fatal(fault)
	}
	view := l.View(nil, bars.Daily)
	defer view.Release()
	if len(view.Items) != 0 || len(view.Errors) != 2 || !strings.Contains(view.Errors[0].Reason, "179 years") {
		t.Errorf("%d volumes, errors %v", len(view.Items), view.Errors)
	}
}
