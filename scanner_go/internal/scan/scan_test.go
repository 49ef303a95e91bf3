package scan

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/library"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is what a scan said of one symbol.
type answer struct {
	days       []int32
	strategies []uint8
	values     []Values
}

func holding(series ...*bars.Series) *library.Library {
	l := library.New(nil)
	for _, s := range series {
		l.Replace(s)
	}
	return l
}

// scanned runs the job over all the library holds.
func scanned(t testing.TB, with kernel.Kernel, l *library.Library, j *Job, timeframe bars.Timeframe) map[string]answer {
	t.Helper()
	view := l.View(nil, timeframe)
	defer view.Release()
	var mu sync.Mutex
	found := map[string]answer{}
	err := NewEngine(with, 50).Run(t.Context(), view, j, func(p *Part) error {
		mu.Lock()
		defer mu.Unlock()
		for _, run := range p.Runs {
			var days []int32
			for _, after := range run.Days {
				days = append(days, run.Day+int32(after))
			}
			found[view.Symbols[run.Index]] = answer{days, slices.Clone(run.Strategies), slices.Clone(run.Values)}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func kernels(t testing.TB) []kernel.Kernel { return []kernel.Kernel{kernel.Scalar, fastest(t)} }

// jobs are all forms of a scan that matter, over days 1 to n.
func jobs(random *rand.Rand, n int) []*Job {
	var all []*Job
	for _, lookback := range []int{0, 1, 2, 20, 250} {
		for _, values := range []bool{false, true} {
			whole, last, within, upTo := job(), job(), job(), job()
			last.LastBarOnly = true
			within.StartDay = int32(random.IntN(n) + 1)
			within.EndDay = within.StartDay + int32(random.IntN(n))
			upTo.LastBarOnly, upTo.EndDay = true, int32(random.IntN(n+20))
			for _, j := range []*Job{whole, last, within, upTo} {
				j.Values = values
				if lookback > 0 {
					j.Parameters.RangeLow, j.Parameters.BaseLookback = true, lookback
				}
				all = append(all, j)
			}
		}
	}
	all[0].Strategies = bearRally
	return all
}

func TestEveryScanEqualsThePlainFormulas(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	var series []*bars.Series
	for i, n := range []int{1, 2, 13, 14, 15, 50, 51, 199, 200, 201, 202, 255, 256, 257, 300, 420, 421, 600} {
		s := walk(fmt.Sprintf("S%02d", i), uint64(i), n)
		if i%3 == 2 {
			offGrid(s)
		}
		series = append(series, s)
	}
	l := holding(series...)
	rows := 0
	for _, j := range jobs(random, 600) {
		for _, with := range kernels(t) {
			got := scanned(t, with, l, j, bars.Daily)
			for _, s := range series {
				rows += same(t, fmt.Sprintf("%s of %d bars, %s, %+v", s.Symbol, len(s.Time), with.Name, *j), got[s.Symbol], s, j)
			}
		}
	}
	if rows < 5000 {
		t.Errorf("only %d rows were compared", rows)
	}
}

// offGrid takes the prices off the tick grid.
func offGrid(s *bars.Series) {
	for i := range s.Time {
		s.Open[i], s.High[i], s.Low[i], s.Close[i] = s.Open[i]/3, s.High[i]/3, s.Low[i]/3, s.Close[i]/3
	}
}

func same(t *testing.T, name string, got answer, s *bars.Series, j *Job) int {
	t.Helper()
	days, strategies, values := reference(s, j)
	if !slices.Equal(got.days, days) || !slices.Equal(got.strategies, strategies) {
		t.Fatalf("%s:\n got %v %v\nwant %v %v", name, got.days, got.strategies, days, strategies)
	}
	for i, want := range values {
		for k, pair := range [][2]float64{
			{got.values[i].Close, want.Close}, {got.values[i].ATR, want.ATR}, {got.values[i].RSI, want.RSI},
			{got.values[i].Fast, want.Fast}, {got.values[i].Slow, want.Slow},
		} {
			if !near(pair[0], pair[1]) {
				t.Fatalf("%s: value %d of day %d is %v, want %v", name, k, days[i], pair[0], pair[1])
			}
		}
	}
	return len(days)
}

func near(got, want float64) bool {
	if math.IsNaN(want) {
		return math.IsNaN(got)
	}
	return math.Abs(got-want) <= 1e-9*math.Abs(want)
}

func TestEveryValueEqualsTheReference(t *testing.T) {
	file, err := os.Open("testdata/golden.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := func(text string) float64 {
		if text == "" {
			return math.NaN()
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	series, want := map[string]*bars.Series{}, map[string][]Values{}
	for _, row := range rows[1:] {
		s := series[row[0]]
		if s == nil {
			s = &bars.Series{Symbol: row[0]}
			series[row[0]] = s
		}
		closing := number(row[3])
		s.Time = append(s.Time, int64(len(s.Time)))
		s.Open, s.High, s.Low = append(s.Open, closing), append(s.High, number(row[1])), append(s.Low, number(row[2]))
		s.Close, s.Volume = append(s.Close, closing), append(s.Volume, 1)
		want[row[0]] = append(want[row[0]], Values{closing, number(row[4]), number(row[5]), number(row[6]), number(row[7])})
	}
	j := job()
	j.Values = true
	// Whatever is warmed up fires.
	j.Parameters.HighBaseMaxATRRatio, j.Parameters.HighBaseMinRSI = 1e-12, 0
	j.Parameters.LowBaseMinATRRatio, j.Parameters.LowBaseMaxRSI = 1e300, 100
	compared := 0
	for _, with := range kernels(t) {
		for name, s := range series {
			got := scanned(t, with, holding(s), j, bars.Daily)[name]
			for i, day := range got.days {
				w := want[name][day]
				g := got.values[i]
				for k, pair := range [][2]float64{{g.Close, w.Close}, {g.ATR, w.ATR}, {g.RSI, w.RSI}, {g.Fast, w.Fast}, {g.Slow, w.Slow}} {
					compared++
					if !near(pair[0], pair[1]) {
						t.Fatalf("%s, %s: value %d of day %d is %v, pandas-ta says %v", name, with.Name, k, day, pair[0], pair[1])
					}
				}
			}
			if len(got.days) < len(want[name])-20 {
				t.Errorf("%s: %d of %d bars were compared", name, len(got.days), len(want[name]))
			}
		}
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

func TestATieOfTheAveragesIsNoTrend(t *testing.T) {
	s := walk("A", 1, 260)
	for i := range s.Time {
		s.Close[i] = 10.1
		if i > 240 {
			s.Close[i] += 0.1 * float64(i%2*2-1)
		}
		s.High[i], s.Low[i] = s.Close[i]+0.3, s.Close[i]-0.3
	}
	j := job()
	j.Strategies = pullbacks
	j.EndDay = 242
	for _, with := range kernels(t) {
		if got := scanned(t, with, holding(s), j, bars.Daily); len(got) != 0 {
			t.Errorf("%s: %+v", with.Name, got)
		}
	}
}

// TestAnyHistoryOfChangesScansLikeItsOutcome appends, replaces and corrects bars at random, with
// resumed scans in between, and compares with one scan of the bars as they then are.
func TestAnyHistoryOfChangesScansLikeItsOutcome(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 3))
		l := library.New(nil)
		now, next := map[string]*bars.Series{}, map[string]*bars.Series{}
		for i := range 11 {
			symbol := fmt.Sprintf("S%02d", i)
			next[symbol] = walk(symbol, seed*100+uint64(i), 700)
			if i == 4 {
				offGrid(next[symbol])
			}
			now[symbol], next[symbol] = next[symbol].Split(1 + random.IntN(400))
			l.Replace(copied(now[symbol]))
		}
		with := kernels(t)[random.IntN(2)]
		for step := range 60 {
			symbol := fmt.Sprintf("S%02d", random.IntN(11))
			change(t, random, l, symbol, now, next)
			j := job()
			j.LastBarOnly, j.Resume, j.Values = random.IntN(3) > 0, true, random.IntN(2) == 0
			j.Parameters.RangeLow = random.IntN(2) == 0
			got := scanned(t, with, l, j, bars.Daily)
			for name, s := range now {
				same(t, fmt.Sprintf("seed %d, step %d, %s of %d bars, %+v", seed, step, name, len(s.Time), *j), got[name], s, j)
			}
		}
	}
}

func change(t *testing.T, random *rand.Rand, l *library.Library, symbol string, now, next map[string]*bars.Series) {
	t.Helper()
	var more *bars.Series
	switch random.IntN(10) {
	case 0:
		l.Replace(copied(now[symbol]))
		return
	case 1:
		// The last bar is still forming: it comes again with another close.
		n := len(now[symbol].Time)
		whole := copied(now[symbol])
		whole.Close[n-1], whole.High[n-1] = whole.Close[n-1]+0.25, whole.High[n-1]+0.5
		now[symbol] = whole
		_, more = whole.Split(n - 1)
	default:
		count := 1
		if random.IntN(4) == 0 {
			count = 1 + random.IntN(40)
		}
		if count > len(next[symbol].Time) {
			return
		}
		more, next[symbol] = next[symbol].Split(count)
		whole, fault := now[symbol].Join(more)
		if fault != nil {
			t.Fatal(fault)
		}
		now[symbol] = whole
	}
	if fault := l.Append(copied(more)); fault != nil {
		t.Fatal(fault)
	}
}

func copied(s *bars.Series) *bars.Series {
	c := bars.MakeSeries(s.Symbol, s.Timeframe, len(s.Time))
	c.CopyFrom(0, s, 0, len(s.Time))
	return c
}

func TestMinuteBarsNameTheirDay(t *testing.T) {
	s := walk("A", 5, 600)
	s.Timeframe = bars.Minute
	for i := range s.Time {
		s.Time[i] = 16230*86400 + 52200 + 60*int64(i) + 80_000*int64(i/300)
	}
	j := job()
	got := scanned(t, fastest(t), holding(s), j, bars.Minute)["A"]
	same(t, "minutes", got, s, j)
	if days := slices.Compact(got.days); len(days) != 2 {
		t.Errorf("signals on the days %v", days)
	}
}

func TestOnlyTheSymbolsAskedForInTheOrderAskedFor(t *testing.T) {
	l := holding(walk("A", 1, 300), walk("B", 2, 300), walk("C", 3, 300))
	view := l.View([]string{"C", "NOPE", "A", "C"}, bars.Daily)
	defer view.Release()
	var mu sync.Mutex
	rows := map[uint32]int{}
	symbols := 0
	err := NewEngine(fastest(t), 50).Run(t.Context(), view, job(), func(p *Part) error {
		mu.Lock()
		defer mu.Unlock()
		symbols += p.Symbols
		for _, run := range p.Runs {
			rows[run.Index] += len(run.Days)
		}
		return nil
	})
	if err != nil || symbols != 3 || len(rows) != 3 || rows[0] == 0 || rows[0] != rows[3] || rows[2] == 0 {
		t.Errorf("%v: %d symbols, rows by index %v", err, symbols, rows)
	}
	if len(view.Errors) != 1 || view.Errors[0].Symbol != "NOPE" {
		t.Errorf("errors %v", view.Errors)
	}
}

func TestCancellingEndsTheScan(t *testing.T) {
	l := library.New(nil)
	for i := range 800 {
		l.Replace(walk(fmt.Sprintf("S%03d", i), uint64(i), 20))
	}
	view := l.View(nil, bars.Daily)
	defer view.Release()
	ctx, cancel := context.WithCancel(t.Context())
	var taken atomic.Int64
	err := NewEngine(fastest(t), 8).Run(ctx, view, job(), func(*Part) error {
		taken.Add(1)
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || taken.Load() > 2 {
		t.Errorf("%v after %d volumes", err, taken.Load())
	}
}

func TestAScanIsCancelledInTheMiddleOfALongVolume(t *testing.T) {
	view := holding(walk("A", 1, 20_000)).View(nil, bars.Daily)
	defer view.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := NewEngine(fastest(t), 8).Run(ctx, view, job(), func(*Part) error {
		t.Error("a part was taken")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestATakerThatFailsEndsTheScan(t *testing.T) {
	full := errors.New("full")
	view := holding(walk("A", 1, 300)).View(nil, bars.Daily)
	defer view.Release()
	if err := NewEngine(fastest(t), 4).Run(t.Context(), view, job(), func(*Part) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestNoSymbolsIsNoWork(t *testing.T) {
	if found := scanned(t, fastest(t), library.New(nil), job(), bars.Daily); len(found) != 0 {
		t.Errorf("got %+v", found)
	}
}
