package scan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/library"
)

// walk is n bars of a random walk on the tick grid, on days 1, 2, ...
func walk(symbol string, seed uint64, n int) *bars.Series {
	random := rand.New(rand.NewPCG(seed, 7))
	s := bars.MakeSeries(symbol, bars.Daily, n)
	price := 50.0
	cents := func(x float64) float64 { return math.Round(x*100) / 100 }
	for i := range n {
		price = max(1, cents(price*math.Exp(0.02*random.NormFloat64())))
		s.Time[i], s.Open[i], s.Close[i], s.Volume[i] = int64(i+1), price, price, 1000
		s.High[i], s.Low[i] = cents(price+0.5), cents(price-0.3)
	}
	return s
}

func BenchmarkScan(b *testing.B) {
	for _, size := range []struct{ symbols, bars int }{{385, 4772}, {10_000, 2520}} {
		l := library.New(nil)
		for i := range size.symbols {
			l.Replace(walk(fmt.Sprintf("S%05d", i), uint64(i), size.bars))
		}
		for _, with := range []kernel.Kernel{kernel.Scalar, fastest(b)} {
			engine := NewEngine(with, 50)
			for _, form := range []struct {
				name string
				job  func(*Job)
			}{
				{"as-of", func(j *Job) { j.LastBarOnly = true }},
				{"resumed", func(j *Job) { j.LastBarOnly, j.Resume = true, true }},
				{"range", func(*Job) {}},
				{"range_low", func(j *Job) { j.Parameters.RangeLow = true }},
			} {
				b.Run(fmt.Sprintf("%dx%d/%s/%s", size.symbols, size.bars, with.Name, form.name), func(b *testing.B) {
					wanted := job()
					form.job(wanted)
					once := func() {
						view := l.View(nil, bars.Daily)
						defer view.Release()
						if err := engine.Run(b.Context(), view, wanted, func(*Part) error { return nil }); err != nil {
							b.Fatal(err)
						}
					}
					once() // packs the volumes and leaves memos
					for b.Loop() {
						once()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size.symbols*size.bars), "ns/bar")
				})
			}
		}
	}
}

func fastest(t testing.TB) kernel.Kernel {
	t.Helper()
	best, err := kernel.Choose("auto")
	if err != nil {
		t.Fatal(err)
	}
	return best
}

func job() *Job {
	return &Job{
		Strategies: 15, StartDay: math.MinInt32, EndDay: math.MaxInt32,
		Parameters: kernel.Parameters{
			HighBaseMaxATRRatio: 2, HighBaseMinRSI: 60, LowBaseMinATRRatio: 0.5, LowBaseMaxRSI: 40,
			BullPullbackRSI: 45, BearRallyRSI: 55, BaseLookback: 20,
		},
	}
}
