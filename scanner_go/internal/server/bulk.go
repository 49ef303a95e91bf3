package server

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"vst/scanner/internal/bars"
	pb "vst/scanner/internal/gen/scannerv1"
)

// chunkBars is about how many bars one chunk of the stream carries.
const chunkBars = 200_000

// barBytes bounds what one bar takes in Arrow IPC, its symbol included.
const barBytes = 80

var barSchema = arrow.NewSchema([]arrow.Field{
	{Name: "symbol", Type: arrow.BinaryTypes.String},
	{Name: "time", Type: arrow.PrimitiveTypes.Int64},
	{Name: "open", Type: arrow.PrimitiveTypes.Float64},
	{Name: "high", Type: arrow.PrimitiveTypes.Float64},
	{Name: "low", Type: arrow.PrimitiveTypes.Float64},
	{Name: "close", Type: arrow.PrimitiveTypes.Float64},
	{Name: "volume", Type: arrow.PrimitiveTypes.Float64},
}, nil)

// cut is a range of one series' bars.
type cut struct {
	series   *bars.Series
	from, to int
}

func (c cut) len() int { return c.to - c.from }

// BulkFetch answers with one Arrow IPC stream, or refuses what would not fit one message.
func (s *Server) BulkFetch(_ context.Context, request *pb.BulkFetchRequest) (*pb.BulkFetchResponse, error) {
	started := time.Now()
	cuts, missing := s.cuts(request)
	total := 0
	for _, c := range cuts {
		total += c.len()
	}
	if total*barBytes > MaxMessageBytes {
		return nil, status.Errorf(codes.OutOfRange, "%d bars do not fit one message: use BulkFetchStream", total)
	}
	data, err := encode(cuts)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &pb.BulkFetchResponse{ArrowIpc: data, Errors: missing, FetchSeconds: time.Since(started).Seconds()}, nil
}

// BulkFetchStream answers in chunks of whole symbols.
func (s *Server) BulkFetchStream(request *pb.BulkFetchRequest, stream grpc.ServerStreamingServer[pb.BulkFetchChunk]) error {
	started := time.Now()
	cuts, missing := s.cuts(request)
	for first := 0; first < len(cuts); {
		last, size := first, 0
		for last < len(cuts) && (last == first || size+cuts[last].len() <= chunkBars) {
			size += cuts[last].len()
			last++
		}
		data, err := encode(cuts[first:last])
		if err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		if err := stream.Send(&pb.BulkFetchChunk{ArrowIpc: data}); err != nil {
			return err
		}
		first = last
	}
	return stream.Send(&pb.BulkFetchChunk{Errors: missing, FetchSeconds: time.Since(started).Seconds()})
}

func (s *Server) cuts(request *pb.BulkFetchRequest) ([]cut, []*pb.SymbolError) {
	var found []cut
	var missing []*pb.SymbolError
	for _, symbol := range request.GetSymbols() {
		series := s.store.Get(symbol, toTimeframe(request.GetTimeframe()))
		if series == nil {
			missing = append(missing, &pb.SymbolError{Symbol: symbol, Error: "no bars"})
			continue
		}
		c := cut{series: series, to: len(series.Time)}
		if request.Start != nil {
			c.from = sort.Search(len(series.Time), func(i int) bool { return series.Time[i] >= request.GetStart() })
		}
		if request.End != nil {
			c.to = max(c.from, sort.Search(len(series.Time), func(i int) bool { return series.Time[i] > request.GetEnd() }))
		}
		found = append(found, c)
	}
	return found, missing
}

func encode(cuts []cut) ([]byte, error) {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, barSchema)
	defer builder.Release()
	for _, c := range cuts {
		symbols := builder.Field(0).(*array.StringBuilder)
		for range c.len() {
			symbols.Append(c.series.Symbol)
		}
		builder.Field(1).(*array.Int64Builder).AppendValues(c.series.Time[c.from:c.to], nil)
		for i, column := range [][]float64{c.series.Open, c.series.High, c.series.Low, c.series.Close, c.series.Volume} {
			builder.Field(i+2).(*array.Float64Builder).AppendValues(column[c.from:c.to], nil)
		}
	}
	record := builder.NewRecordBatch()
	defer record.Release()
	var out bytes.Buffer
	writer := ipc.NewWriter(&out, ipc.WithSchema(barSchema))
	if err := writer.Write(record); err != nil {
		return nil, fmt.Errorf("encode bars: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("encode bars: %w", err)
	}
	return out.Bytes(), nil
}
