package server

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"vst/scanner/internal/bars"
	pb "vst/scanner/internal/gen/scannerv1"
)

// BenchmarkBars is 500 symbols of ten years as Arrow chunks, without the wire.
func BenchmarkBars(b *testing.B) {
	s, symbols := held(b, 500, 2520)
	for b.Loop() {
		f, err := newFetch(&pb.BulkFetchRequest{Symbols: symbols})
		if err != nil {
			b.Fatal(err)
		}
		view, err := s.view(f)
		if err != nil {
			b.Fatal(err)
		}
		if err := sendChunks(discard{ctx: b.Context()}, view, f); err != nil {
			b.Fatal(err)
		}
		view.Release()
	}
	b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "symbols/s")
}

// discard encodes what is sent and throws it away.
type discard struct {
	grpc.ServerStreamingServer[pb.BulkFetchChunk]
	ctx context.Context
}

func (d discard) Context() context.Context { return d.ctx }

func (discard) Send(chunk *pb.BulkFetchChunk) error {
	_, err := proto.Marshal(chunk)
	return err
}

// BenchmarkEverySignalBar is a whole answer of signals over a long range, without the wire.
func BenchmarkEverySignalBar(b *testing.B) {
	s, symbols := held(b, 385, 4772)
	asked := request(symbols...)
	asked.Values = false
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

// held is a server that holds made bars.
func held(b *testing.B, count, length int) (*Server, []string) {
	b.Helper()
	s, err := New(Options{MaxConcurrency: 50, Kernel: "auto", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	var symbols []string
	for i := range count {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		series := bars.MakeSeries(fmt.Sprint("S", i), bars.Daily, length)
		price := 50.0
		for row := range series.Time {
			price = max(1, math.Round(100*price*math.Exp(0.02*random.NormFloat64()))/100)
			series.Time[row], series.Open[row], series.Close[row], series.Volume[row] = int64(row), price, price, 1
			series.High[row], series.Low[row] = math.Round(100*price+40)/100, math.Round(100*price-40)/100
		}
		s.library.Replace(series)
		symbols = append(symbols, series.Symbol)
	}
	return s, symbols
}
