package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"vst/scanner/internal/bars"
)

// Ten years of daily bars of 10 000 symbols.
const (
	benchSymbols = 10_000
	benchBars    = 2_520
)

// walk makes bars in cents that move as prices do.
func walk(r *rand.Rand, symbol string, from, count int) *bars.Series {
	column := func() []float64 { return make([]float64, count) }
	s := &bars.Series{
		Symbol: symbol, Timeframe: bars.Daily, Time: make([]int64, count),
		Open: column(), High: column(), Low: column(), Close: column(), Volume: column(),
	}
	cents := 2000 + r.IntN(20000)
	for i := range count {
		cents = max(cents+r.IntN(201)-100, 100)
		s.Time[i] = int64(from + i)
		s.Open[i], s.High[i] = float64(cents+3)/100, float64(cents+80)/100
		s.Low[i], s.Close[i] = float64(cents-50)/100, float64(cents)/100
		s.Volume[i] = float64(r.IntN(1 << 24))
	}
	return s
}

func walks(r *rand.Rand, first, count, from, length int) []*bars.Series {
	series := make([]*bars.Series, count)
	for i := range series {
		series[i] = walk(r, fmt.Sprintf("S%05d", first+i), from, length)
	}
	return series
}

// imported fills a folder in writes of 2 000 symbols, as an import does, and tells its bytes.
func imported(b *testing.B, dir string) (size int64) {
	b.Helper()
	const part = 2000
	s := open(b, dir)
	r := rand.New(rand.NewPCG(1, 2))
	for first := 0; first < benchSymbols; first += part {
		b.StopTimer()
		series := walks(r, first, part, 10_000, benchBars)
		b.StartTimer()
		write(b, s, Change{Replace: series})
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.bars"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range found {
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		size := imported(b, b.TempDir())
		b.SetBytes(size)
		b.ReportMetric(float64(size)/benchSymbols/benchBars, "B/bar")
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	b.SetBytes(imported(b, dir))
	for b.Loop() {
		s, err := Open(dir, quiet)
		if err != nil {
			b.Fatal(err)
		}
		if n := len(s.view.symbols); n != benchSymbols {
			b.Fatalf("%d symbols", n)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendDay appends a day to every symbol, with what Write tidies in between; the
// slowest one is reported beside the mean.
func BenchmarkAppendDay(b *testing.B) {
	for name, before := range map[string]int{"fresh": 0, "a quarter is appended": benchBars / 4} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			imported(b, dir)
			s := open(b, dir)
			r := rand.New(rand.NewPCG(3, 4))
			day := 10_000 + benchBars
			if before > 0 {
				if err := s.Write(context.Background(), Change{Append: walks(r, 0, benchSymbols, day, before)}); err != nil {
					b.Fatal(err)
				}
				day += before
			}
			slowest := 0.0
			for b.Loop() {
				b.StopTimer()
				series := walks(r, 0, benchSymbols, day, 1)
				day++
				b.StartTimer()
				started := b.Elapsed()
				write(b, s, Change{Append: series})
				slowest = max(slowest, (b.Elapsed() - started).Seconds())
			}
			b.ReportMetric(slowest*1e3, "slowest-ms")
		})
	}
}

func BenchmarkRefreshUnchanged(b *testing.B) {
	s := open(b, b.TempDir())
	write(b, s, Change{Replace: many(100, 0, 10, 1)})
	for b.Loop() {
		if changed, err := s.Refresh(); err != nil || changed {
			b.Fatal(changed, err)
		}
	}
}

func BenchmarkRefreshDay(b *testing.B) {
	dir := b.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	writer := open(b, dir)
	write(b, writer, Change{Replace: walks(r, 0, benchSymbols, 0, 30)})
	reader := open(b, dir)
	day := 30
	for b.Loop() {
		b.StopTimer()
		write(b, writer, Change{Append: walks(r, 0, benchSymbols, day, 1)})
		day++
		b.StartTimer()
		if _, err := reader.Refresh(); err != nil {
			b.Fatal(err)
		}
	}
}
