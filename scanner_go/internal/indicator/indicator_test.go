package indicator

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/big"
	"os"
	"strconv"
	"testing"

	"vst/scanner/internal/bars"
)

const tolerance = 1e-9

type goldenSeries struct {
	series *bars.Series
	want   [][4]float64
}

// golden reads what pandas-ta gave (testdata/make_golden.py), through the store as in real life.
func golden(t *testing.T) map[string]*goldenSeries {
	t.Helper()
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
	found := map[string]*goldenSeries{}
	for _, row := range rows[1:] {
		g := found[row[0]]
		if g == nil {
			g = &goldenSeries{series: &bars.Series{Symbol: row[0]}}
			found[row[0]] = g
		}
		addBar(g.series, number(row[1]), number(row[2]), number(row[3]))
		g.want = append(g.want, [4]float64{number(row[4]), number(row[5]), number(row[6]), number(row[7])})
	}
	for name, g := range found {
		g.series = stored(t, g.series)
		if onGrid := g.series.Ticks != nil; onGrid != (name == "cents") {
			t.Fatalf("%s: on the tick grid: %v", name, onGrid)
		}
	}
	return found
}

func addBar(s *bars.Series, high, low, closing float64) {
	s.Time = append(s.Time, int64(len(s.Time)))
	s.Open, s.High, s.Low = append(s.Open, closing), append(s.High, high), append(s.Low, low)
	s.Close, s.Volume = append(s.Close, closing), append(s.Volume, 1)
}

func stored(t testing.TB, s *bars.Series) *bars.Series {
	t.Helper()
	store := bars.NewStore()
	if fault := store.Replace(s); fault != nil {
		t.Fatal(fault)
	}
	series, _ := store.Get(s.Symbol, s.Timeframe)
	return series
}

// walk is a series of closes with high and low a little around them.
func walk(t testing.TB, closes []float64) *bars.Series {
	t.Helper()
	s := &bars.Series{Symbol: "WALK"}
	for _, closing := range closes {
		addBar(s, closing*1.01, closing*0.99, closing)
	}
	return stored(t, s)
}

func repeat(value float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = value
	}
	return values
}

func near(got, want float64) bool {
	if math.IsNaN(got) || math.IsNaN(want) {
		return math.IsNaN(got) && math.IsNaN(want)
	}
	return math.Abs(got-want) <= tolerance*math.Abs(want)
}

func TestEveryBarEqualsTheReference(t *testing.T) {
	for name, g := range golden(t) {
		t.Run(name, func(t *testing.T) {
			pass := NewPass(g.series)
			for i, want := range g.want {
				pass.Advance()
				got := [4]float64{pass.ATR(), pass.RSI(), pass.Fast(), pass.Slow()}
				for k, column := range []string{"ATR", "RSI", "SMA50", "SMA200"} {
					if !near(got[k], want[k]) {
						t.Errorf("bar %d: %s is %v, the reference says %v", i, column, got[k], want[k])
					}
				}
			}
		})
	}
}

func TestNoAverageRangeOrStrengthBelowFifteenBars(t *testing.T) {
	for _, n := range []int{1, 13, 14, 15} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			closes := make([]float64, n)
			for i := range closes {
				closes[i] = 10 + float64(i%3)
			}
			pass := NewPass(walk(t, closes))
			for range n {
				pass.Advance()
			}
			if warm := n >= 15; math.IsNaN(pass.ATR()) == warm || math.IsNaN(pass.RSI()) == warm {
				t.Errorf("%d bars: ATR %v, RSI %v", n, pass.ATR(), pass.RSI())
			}
		})
	}
}

func TestStrengthIsUndefinedWithoutAnyMove(t *testing.T) {
	pass := NewPass(walk(t, repeat(23.45, 30)))
	for range 30 {
		pass.Advance()
	}
	if !math.IsNaN(pass.RSI()) {
		t.Errorf("RSI is %v", pass.RSI())
	}
}

func TestAveragesDoNotDriftAfterAPriceCollapse(t *testing.T) {
	for name, low := range map[string]float64{"on the grid": 0.01, "off the grid": 0.0100001} {
		t.Run(name, func(t *testing.T) {
			closes := append(repeat(1e6, 3000), repeat(low, 3000)...)
			for i := range closes {
				if i%7 == 0 {
					closes[i] *= 2
				}
			}
			s := walk(t, closes)
			pass := NewPass(s)
			for i := range closes {
				pass.Advance()
				if i < SlowLength-1 || i%97 != 0 {
					continue
				}
				if got, want := pass.Slow(), exactMean(closes[i+1-SlowLength:i+1]); !near(got, want) {
					t.Fatalf("bar %d: SMA200 is %v, exactly %v", i, got, want)
				}
				if got, want := pass.Fast(), exactMean(closes[i+1-FastLength:i+1]); !near(got, want) {
					t.Fatalf("bar %d: SMA50 is %v, exactly %v", i, got, want)
				}
			}
		})
	}
}

func exactMean(values []float64) float64 {
	total := new(big.Rat)
	for _, value := range values {
		total.Add(total, new(big.Rat).SetFloat64(value))
	}
	mean, _ := total.Quo(total, big.NewRat(int64(len(values)), 1)).Float64()
	return mean
}

func TestTrendIsTheSignInExactArithmetic(t *testing.T) {
	third := 10.0 / 3
	cases := []struct {
		name   string
		closes []float64
		want   int
	}{
		{"not warmed up", repeat(23.45, 199), 0},
		{"a tie of equal prices", repeat(23.45, 500), 0},
		{"a tie of equal prices off the grid", repeat(third, 500), 0},
		// 150 bars at 20.01 or 19.99 and 50 at 20: equal sums whose floats differ.
		{"a tie of different prices", append(append(repeat(20.01, 75), repeat(19.99, 75)...), repeat(20, 50)...), 0},
		{"one tick above", append(repeat(20, 199), 20.0001), 1},
		{"one tick below", append(repeat(20, 199), 19.9999), -1},
		{"above off the grid", append(repeat(third, 199), third*(1+1e-12)), 1},
		{"below off the grid", append(repeat(third, 199), third*(1-1e-12)), -1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			pass := NewPass(walk(t, c.closes))
			for range c.closes {
				pass.Advance()
			}
			if got := pass.Trend(); got != c.want {
				t.Errorf("trend %d, want %d", got, c.want)
			}
		})
	}
}

func TestAPassAllocatesNothing(t *testing.T) {
	for name, g := range golden(t) {
		pass := NewPass(g.series)
		allocated := testing.AllocsPerRun(10, func() {
			pass = NewPass(g.series)
			for range g.want {
				pass.Advance()
			}
		})
		if allocated != 0 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

func BenchmarkPass(b *testing.B) {
	closes := make([]float64, 5000)
	for i := range closes {
		closes[i] = math.Round(100*(50+10*math.Sin(float64(i)/9))) / 100
	}
	s := walk(b, closes)
	b.ReportAllocs()
	for b.Loop() {
		pass := NewPass(s)
		for range closes {
			pass.Advance()
		}
		if math.IsNaN(pass.Slow()) {
			b.Fatal("not warmed up")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(closes)), "ns/bar")
}
