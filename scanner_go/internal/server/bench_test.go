package server

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"vst/scanner/internal/bars"
)

// BenchmarkEverySignalBar is a whole answer of signals over a long range, without the wire.
func BenchmarkEverySignalBar(b *testing.B) {
	s, err := New(Options{MaxConcurrency: 50, Kernel: "auto", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	asked := request()
	asked.Values = false
	for i := range 385 {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		series := bars.MakeSeries(fmt.Sprint("S", i), bars.Daily, 4772)
		price := 50.0
		for row := range series.Time {
			price = max(1, math.Round(100*price*math.Exp(0.02*random.NormFloat64()))/100)
			series.Time[row], series.Open[row], series.Close[row], series.Volume[row] = int64(row), price, price, 1
			series.High[row], series.Low[row] = math.Round(100*price+40)/100, math.Round(100*price-40)/100
		}
		s.library.Replace(series)
		asked.Symbols = append(asked.Symbols, series.Symbol)
	}
	for b.Loop() {
		answer, err := s.Scan(b.Context(), asked)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := proto.Marshal(answer); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/385/4772, "ns/bar")
}
