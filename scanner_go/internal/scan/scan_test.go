package scan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/strategy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var everyKind = []strategy.Kind{strategy.HighBase, strategy.LowBase, strategy.BullPullback, strategy.BearRally}

func job(symbols ...string) *Job {
	return &Job{
		Symbols: symbols, Kinds: everyKind, StartDay: math.MinInt32, EndDay: math.MaxInt32,
		Parameters: strategy.Parameters{
			HighBaseMaxATRRatio: 2, HighBaseMinRSI: 60, LowBaseMinATRRatio: 0.5, LowBaseMaxRSI: 40,
			BullPullbackRSI: 45, BearRallyRSI: 55, BaseLookback: 20,
		},
	}
}

// market is a store with walks of n bars of each symbol, on days 1, 2, ...
func market(t testing.TB, n int, symbols ...string) *bars.Store {
	t.Helper()
	store := bars.NewStore()
	for number, symbol := range symbols {
		random := rand.New(rand.NewPCG(uint64(number), 7))
		s := &bars.Series{Symbol: symbol}
		price := 50.0
		for day := range n {
			price = math.Round(price*math.Exp(0.02*random.NormFloat64())*100) / 100
			s.Time = append(s.Time, int64(day+1))
			s.Open, s.High, s.Low = append(s.Open, price), append(s.High, price+0.5), append(s.Low, price-0.5)
			s.Close, s.Volume = append(s.Close, price), append(s.Volume, 1000)
		}
		if fault := store.Replace(s); fault != nil {
			t.Fatal(fault)
		}
	}
	return store
}

// run collects the outcomes by index.
func run(t testing.TB, store *bars.Store, job *Job) []Outcome {
	t.Helper()
	outcomes := make([]Outcome, len(job.Symbols))
	err := NewEngine(store, 50).Run(t.Context(), job, func(o Outcome) error {
		o.Signals = slices.Clone(o.Signals)
		outcomes[o.Index] = o
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func TestEverySymbolIsScannedOrReported(t *testing.T) {
	outcomes := run(t, market(t, 300, "A", "B"), job("A", "NOPE", "B"))
	if outcomes[0].Err != nil || outcomes[2].Err != nil || outcomes[0].Bars != 300 || len(outcomes[0].Signals) == 0 {
		t.Errorf("got %+v", outcomes)
	}
	if fault := outcomes[1].Err; fault == nil || fault.Symbol != "NOPE" || len(outcomes[1].Signals) != 0 {
		t.Errorf("got %+v", outcomes[1])
	}
}

func TestALaterBarNeverChangesAnEarlierSignal(t *testing.T) {
	for _, base := range []bool{false, true} {
		whole := job("A")
		whole.Parameters.RangeLow = base
		want := run(t, market(t, 400, "A"), whole)[0].Signals
		for _, n := range []int{15, 50, 201, 399} {
			got := run(t, market(t, n, "A"), whole)[0].Signals
			early := slices.DeleteFunc(slices.Clone(want), func(s Signal) bool { return s.Day > int32(n) })
			if !slices.EqualFunc(got, early, same) {
				t.Errorf("over %d bars, %d signals; over all, %d up to there", n, len(got), len(early))
			}
		}
	}
}

// same compares signals, NaN equal to NaN.
func same(a, b Signal) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func TestBoundsCutTheSignalsOnly(t *testing.T) {
	store := market(t, 400, "A")
	all := run(t, store, job("A"))[0].Signals
	cases := []struct {
		name       string
		start, end int32
		last       bool
		keep       func(Signal) bool
	}{
		{"a range", 250, 300, false, func(s Signal) bool { return s.Day >= 250 && s.Day <= 300 }},
		{"the first bars", 1, 20, false, func(s Signal) bool { return s.Day <= 20 }},
		{"after the end", 500, 600, false, func(Signal) bool { return false }},
		{"backwards", 300, 250, false, func(Signal) bool { return false }},
		{"the last bar", math.MinInt32, math.MaxInt32, true, func(s Signal) bool { return s.Day == 400 }},
	}
	for end := int32(200); end < 260; end++ {
		cases = append(cases, struct {
			name       string
			start, end int32
			last       bool
			keep       func(Signal) bool
		}{fmt.Sprintf("the last bar up to %d", end), math.MinInt32, end, true, func(s Signal) bool { return s.Day == end }})
	}
	hits := 0
	for _, c := range cases {
		j := job("A")
		j.StartDay, j.EndDay, j.LastBarOnly = c.start, c.end, c.last
		want := slices.DeleteFunc(slices.Clone(all), func(s Signal) bool { return !c.keep(s) })
		hits += len(want)
		if got := run(t, store, j)[0].Signals; !slices.EqualFunc(got, want, same) {
			t.Errorf("%s: %d signals, want %d", c.name, len(got), len(want))
		}
	}
	if hits == 0 {
		t.Error("no case had a signal to lose")
	}
}

func TestOnlyTheStrategiesAskedFor(t *testing.T) {
	j := job("A")
	j.Kinds = []strategy.Kind{strategy.BearRally}
	signals := run(t, market(t, 600, "A"), j)[0].Signals
	if len(signals) == 0 || slices.ContainsFunc(signals, func(s Signal) bool { return s.Kind != strategy.BearRally }) {
		t.Errorf("got %+v", signals)
	}
}

func TestWorkersAreBoundedOverAllScans(t *testing.T) {
	source := &slowSource{store: market(t, 20, "A"), release: make(chan struct{})}
	engine := NewEngine(source, 1)
	symbols := slices.Repeat([]string{"A"}, 20)
	var scans sync.WaitGroup
	for range 4 {
		scans.Go(func() {
			if err := engine.Run(t.Context(), job(symbols...), func(Outcome) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	close(source.release)
	scans.Wait()
	if most := source.most.Load(); most != 1 {
		t.Errorf("%d symbols at once", most)
	}
}

// slowSource counts how many symbols are looked at together.
type slowSource struct {
	store   *bars.Store
	release chan struct{}
	now     atomic.Int64
	most    atomic.Int64
}

func (s *slowSource) Get(symbol string, timeframe bars.Timeframe) (*bars.Series, *bars.Error) {
	n := s.now.Add(1)
	defer s.now.Add(-1)
	for {
		most := s.most.Load()
		if n <= most || s.most.CompareAndSwap(most, n) {
			break
		}
	}
	<-s.release
	return s.store.Get(symbol, timeframe)
}

func TestCancellingEndsTheScan(t *testing.T) {
	store := market(t, 10_000, "A")
	ctx, cancel := context.WithCancel(t.Context())
	taken := 0
	err := NewEngine(store, 1).Run(ctx, job(slices.Repeat([]string{"A"}, 1000)...), func(Outcome) error {
		taken++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || taken > 2 {
		t.Errorf("%v after %d symbols", err, taken)
	}
}

func TestATakerThatFailsEndsTheScan(t *testing.T) {
	full := errors.New("full")
	err := NewEngine(market(t, 20, "A"), 4).Run(t.Context(), job("A", "A", "A"), func(Outcome) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestNoSymbolsIsNoWork(t *testing.T) {
	if outcomes := run(t, bars.NewStore(), job()); len(outcomes) != 0 {
		t.Errorf("got %+v", outcomes)
	}
}

func TestLowestEqualsALookAtEveryValue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 500)
	for i := range values {
		values[i] = float64(random.IntN(40))
	}
	for _, lookback := range []int{1, 2, 20, 499} {
		for _, step := range []int{1, 3, 50} {
			low := lowest{values: values, lookback: lookback}
			for i := step - 1; i < len(values); i += step {
				got, want := low.ending(i), math.NaN()
				if i+1 >= lookback {
					want = slices.Min(values[i+1-lookback : i+1])
				}
				if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Fatalf("lookback %d, bar %d: %v, want %v", lookback, i, got, want)
				}
			}
		}
	}
}

func BenchmarkScan(b *testing.B) {
	symbols := make([]string, 100)
	for i := range symbols {
		symbols[i] = fmt.Sprint("S", i)
	}
	store := market(b, 5000, symbols...)
	for name, lastOnly := range map[string]bool{"as of": true, "every bar": false} {
		b.Run(name, func(b *testing.B) {
			j := job(symbols...)
			j.LastBarOnly = lastOnly
			engine := NewEngine(store, 50)
			for b.Loop() {
				if err := engine.Run(b.Context(), j, func(Outcome) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*5000*len(symbols)), "ns/bar")
		})
	}
}
