package bars

import (
	"math"
	"strings"
	"sync"
	"testing"
)

func plain(symbol string, days ...int64) *Series {
	s := &Series{Symbol: symbol, Time: days}
	for i := range days {
		price := 20 + float64(i)
		s.Open, s.High, s.Low = append(s.Open, price), append(s.High, price+1), append(s.Low, price-1)
		s.Close, s.Volume = append(s.Close, price), append(s.Volume, 100)
	}
	return s
}

func TestTheDoorNamesTheBar(t *testing.T) {
	const day = 16230 // 2014-06-09
	cases := []struct {
		name   string
		spoil  func(*Series)
		reason string
		day    int32
	}{
		{"a date twice", func(s *Series) { s.Time[2] = s.Time[1] }, "bar 2014-06-10: the date stands twice", day + 1},
		{"a date back", func(s *Series) { s.Time[2] = day }, "bar 2014-06-09: the date goes back", day},
		{"no number", func(s *Series) { s.Close[1] = math.NaN() }, "bar 2014-06-10: a price is not a number", day + 1},
		{"infinite", func(s *Series) { s.Open[1] = math.Inf(1) }, "bar 2014-06-10: a price is not a number", day + 1},
		{"price of zero", func(s *Series) { s.Low[0] = 0 }, "bar 2014-06-09: price 0 is not above 0", day},
		{"price below zero", func(s *Series) { s.Open[2] = -3 }, "bar 2014-06-11: price -3 is not above 0", day + 2},
		{"high below low", func(s *Series) { s.High[1] = 5 }, "bar 2014-06-10: high 5 is below low 20", day + 1},
		{"negative volume", func(s *Series) { s.Volume[1] = -1 }, "bar 2014-06-10: volume -1 is negative", day + 1},
		{"volume no number", func(s *Series) { s.Volume[1] = math.NaN() }, "bar 2014-06-10: the volume is not a number", day + 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := NewStore()
			s := plain("AAPL", day, day+1, day+2)
			c.spoil(s)
			fault := store.Replace(s)
			if fault == nil || fault.Reason != c.reason || fault.Symbol != "AAPL" || *fault.Day != c.day {
				t.Fatalf("got %+v, want %q", fault, c.reason)
			}
			if _, again := store.Get("AAPL", Daily); again == nil || again.Reason != c.reason {
				t.Errorf("asked again, the store says %+v", again)
			}
		})
	}
}

func TestColumnsMustBeThereAndOfOneLength(t *testing.T) {
	short := plain("AAPL", 1, 2)
	short.Low = short.Low[:1]
	for want, s := range map[string]*Series{"differ in length": short, "no bars": {Symbol: "AAPL"}} {
		fault := NewStore().Replace(s)
		if fault == nil || fault.Day != nil || !strings.Contains(fault.Reason, want) {
			t.Errorf("got %+v, want %q", fault, want)
		}
	}
}

func TestASymbolNeverStoredIsAnError(t *testing.T) {
	if series, fault := NewStore().Get("NOPE", Daily); series != nil || fault == nil || fault.Symbol != "NOPE" {
		t.Errorf("got %v, %+v", series, fault)
	}
}

func TestTimeframesAreApart(t *testing.T) {
	store := NewStore()
	minute := plain("AAPL", 16230*86400+52200, 16230*86400+52260)
	minute.Timeframe = Minute
	if fault := store.Replace(minute); fault != nil {
		t.Fatal(fault)
	}
	if _, fault := store.Get("AAPL", Daily); fault == nil {
		t.Error("daily bars were found")
	}
	series, fault := store.Get("AAPL", Minute)
	if fault != nil || series.Day(0) != 16230 {
		t.Errorf("got %+v, %+v", series, fault)
	}
	minute.High[1] = 1
	if fault := store.Replace(minute); fault == nil || !strings.Contains(fault.Reason, "2014-06-09 14:31Z") {
		t.Errorf("got %+v", fault)
	}
}

func TestAppendContinuesTheSeries(t *testing.T) {
	store := NewStore()
	for _, days := range [][]int64{{1, 2}, {3}, {5, 6}} {
		if fault := store.Append(plain("AAPL", days...)); fault != nil {
			t.Fatal(fault)
		}
	}
	series, _ := store.Get("AAPL", Daily)
	if len(series.Time) != 5 || series.Time[4] != 6 || len(series.Ticks) != 5 {
		t.Errorf("got %+v", series)
	}
	if symbols, bars := store.Size(); symbols != 1 || bars != 5 {
		t.Errorf("%d symbols, %d bars", symbols, bars)
	}
}

func TestAPriceOffTheGridTakesTheWholeSeriesOffIt(t *testing.T) {
	store := NewStore()
	odd := plain("AAPL", 3)
	odd.Close[0] = 10.0 / 3
	for _, s := range []*Series{plain("AAPL", 1, 2), odd, plain("AAPL", 4)} {
		if fault := store.Append(s); fault != nil {
			t.Fatal(fault)
		}
	}
	if series, _ := store.Get("AAPL", Daily); series.Ticks != nil || len(series.Close) != 4 {
		t.Errorf("got %+v", series)
	}
}

func TestARefusedSymbolStaysRefusedUntilReplaced(t *testing.T) {
	store := NewStore()
	if fault := store.Replace(plain("AAPL", 1, 2)); fault != nil {
		t.Fatal(fault)
	}
	first := store.Append(plain("AAPL", 2))
	if first == nil || !strings.Contains(first.Reason, "the date stands twice") {
		t.Fatalf("got %+v", first)
	}
	if again := store.Append(plain("AAPL", 3)); again != first {
		t.Errorf("appending a good bar gives %+v", again)
	}
	if symbols, bars := store.Size(); symbols != 0 || bars != 0 {
		t.Errorf("%d symbols, %d bars are left", symbols, bars)
	}
	if fault := store.Replace(plain("AAPL", 1)); fault != nil {
		t.Fatal(fault)
	}
	if _, fault := store.Get("AAPL", Daily); fault != nil {
		t.Errorf("after replacing: %+v", fault)
	}
}

func TestBetweenCutsByDays(t *testing.T) {
	s := plain("AAPL", 10, 12, 14)
	cases := []struct {
		start, end int32
		from, to   int
	}{
		{math.MinInt32, math.MaxInt32, 0, 3},
		{10, 14, 0, 3}, {11, 13, 1, 2}, {12, 12, 1, 2}, {13, 13, 2, 2}, {15, 99, 3, 3}, {0, 9, 0, 0}, {14, 10, 2, 2},
	}
	for _, c := range cases {
		if from, to := s.Between(c.start, c.end); from != c.from || to != c.to {
			t.Errorf("%d to %d: bars %d to %d, want %d to %d", c.start, c.end, from, to, c.from, c.to)
		}
	}
}

func TestDaysBeforeTheEpochAreFloored(t *testing.T) {
	s := &Series{Timeframe: Minute, Time: []int64{-1, -86400, -86401}}
	for i, want := range []int32{-1, -1, -2} {
		if got := s.Day(i); got != want {
			t.Errorf("second %d is day %d, want %d", s.Time[i], got, want)
		}
	}
}

func TestASeriesInUseIsNotChangedByAppending(t *testing.T) {
	store := NewStore()
	if fault := store.Replace(plain("AAPL", 1)); fault != nil {
		t.Fatal(fault)
	}
	var readers sync.WaitGroup
	for day := int64(2); day < 200; day++ {
		held, _ := store.Get("AAPL", Daily)
		readers.Go(func() {
			if n := len(held.Time); int64(n) != day-1 || held.Time[n-1] != day-1 || len(held.Ticks) != n {
				t.Errorf("a held series changed: %d bars", n)
			}
		})
		if fault := store.Append(plain("AAPL", day)); fault != nil {
			t.Fatal(fault)
		}
	}
	readers.Wait()
}

func FuzzTheDoorLetsOnlySoundBarsIn(f *testing.F) {
	f.Add(int64(1), 10.0, 11.0, 9.0, 10.0, 5.0)
	f.Add(int64(0), math.NaN(), math.Inf(1), -1.0, 0.0, -5.0)
	f.Fuzz(func(t *testing.T, day int64, open, high, low, closing, volume float64) {
		s := &Series{
			Symbol: "X", Time: []int64{0, day}, Open: []float64{1, open}, High: []float64{1, high},
			Low: []float64{1, low}, Close: []float64{1, closing}, Volume: []float64{1, volume},
		}
		sound := day > 0 && volume >= 0 && !math.IsInf(volume, 0) && high >= low
		for _, price := range []float64{open, high, low, closing} {
			sound = sound && price > 0 && !math.IsInf(price, 0)
		}
		if fault := NewStore().Replace(s); (fault == nil) != sound {
			t.Errorf("sound is %v, the door says %+v", sound, fault)
		}
	})
}
