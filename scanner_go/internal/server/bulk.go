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

// cut is a range of one series' bars.
type cut struct {
	series   *bars.Series
	from, to int
}

func (c cut) len() int { return c.to - c.from }

// BulkFetch answers with one Arrow IPC stream.
func (s *Server) BulkFetch(_ context.Context, request *pb.BulkFetchRequest) (*pb.BulkFetchResponse, error) {
	started := time.Now()
	timeframe, cuts, missing, err := s.cuts(request)
	if err != nil {
		return nil, err
	}
	data, err := arrowStream(timeframe, cuts)
	if err != nil {
		return nil, err
	}
	return &pb.BulkFetchResponse{ArrowIpc: data, Errors: missing, FetchSeconds: time.Since(started).Seconds()}, nil
}

// BulkFetchStream answers in chunks.
func (s *Server) BulkFetchStream(request *pb.BulkFetchRequest, stream grpc.ServerStreamingServer[pb.BulkFetchChunk]) error {
	started := time.Now()
	timeframe, cuts, missing, err := s.cuts(request)
	if err != nil {
		return err
	}
	for len(cuts) > 0 {
		var chunk []cut
		chunk, cuts = split(cuts, chunkRows)
		data, err := arrowStream(timeframe, chunk)
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.BulkFetchChunk{ArrowIpc: data}); err != nil {
			return err
		}
	}
	return stream.Send(&pb.BulkFetchChunk{Errors: missing, FetchSeconds: time.Since(started).Seconds()})
}

// split takes cuts of at most rows bars in all; the last may be part of a cut.
func split(cuts []cut, rows int) (first, rest []cut) {
	for i, c := range cuts {
		if c.len() > rows {
			head, tail := c, c
			head.to = c.from + rows
			tail.from = head.to
			return append(first, head), append([]cut{tail}, cuts[i+1:]...)
		}
		rows -= c.len()
		first = append(first, c)
	}
	return first, nil
}

func (s *Server) cuts(request *pb.BulkFetchRequest) (bars.Timeframe, []cut, []*pb.SymbolError, error) {
	timeframe, err := toTimeframe(request.GetTimeframe())
	if err != nil {
		return 0, nil, nil, status.Error(codes.InvalidArgument, err.Error())
	}
	var found []cut
	var missing []*pb.SymbolError
	for _, symbol := range request.GetSymbols() {
		series, fault := s.store.Get(symbol, timeframe)
		if fault != nil {
			missing = append(missing, toError(fault))
			continue
		}
		c := cut{series: series, to: len(series.Time)}
		if request.Start != nil {
			c.from = sort.Search(c.to, func(i int) bool { return series.Time[i] >= request.GetStart() })
		}
		if request.End != nil {
			c.to = max(c.from, sort.Search(c.to, func(i int) bool { return series.Time[i] > request.GetEnd() }))
		}
		found = append(found, c)
	}
	return timeframe, found, missing, nil
}

func schema(timeframe bars.Timeframe) *arrow.Schema {
	fields := []arrow.Field{
		{Name: "symbol", Type: symbolType},
		{Name: "time", Type: arrow.FixedWidthTypes.Date32},
	}
	if timeframe == bars.Minute {
		fields[1].Type = arrow.FixedWidthTypes.Timestamp_s
	}
	for _, name := range []string{"open", "high", "low", "close", "volume"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64})
	}
	return arrow.NewSchema(fields, nil)
}

var symbolType = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}

// arrowStream encodes the cuts as one Arrow IPC stream, a record batch each.
func arrowStream(timeframe bars.Timeframe, cuts []cut) ([]byte, error) {
	symbols := array.NewStringBuilder(memory.DefaultAllocator)
	for _, c := range cuts {
		symbols.Append(c.series.Symbol)
	}
	dictionary := symbols.NewArray()
	columns := schema(timeframe)
	var out bytes.Buffer
	writer := ipc.NewWriter(&out, ipc.WithSchema(columns))
	for i, c := range cuts {
		if c.len() == 0 {
			continue
		}
		batch := array.NewRecordBatch(columns, []arrow.Array{
			symbolArray(dictionary, i, c.len()),
			timeArray(timeframe, c.series.Time[c.from:c.to]),
			floatArray(c.series.Open[c.from:c.to]),
			floatArray(c.series.High[c.from:c.to]),
			floatArray(c.series.Low[c.from:c.to]),
			floatArray(c.series.Close[c.from:c.to]),
			floatArray(c.series.Volume[c.from:c.to]),
		}, int64(c.len()))
		if err := writer.Write(batch); err != nil {
			return nil, fmt.Errorf("encode bars of %s: %w", c.series.Symbol, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("encode bars: %w", err)
	}
	return out.Bytes(), nil
}

func symbolArray(dictionary arrow.Array, index, n int) arrow.Array {
	indices := make([]int32, n)
	for i := range indices {
		indices[i] = int32(index)
	}
	return array.NewDictionaryArray(symbolType, fixed(arrow.PrimitiveTypes.Int32, n, arrow.Int32Traits.CastToBytes(indices)), dictionary)
}

func timeArray(timeframe bars.Timeframe, times []int64) arrow.Array {
	if timeframe == bars.Minute {
		return fixed(arrow.FixedWidthTypes.Timestamp_s, len(times), arrow.Int64Traits.CastToBytes(times))
	}
	days := make([]int32, len(times))
	for i, day := range times {
		days[i] = int32(day)
	}
	return fixed(arrow.FixedWidthTypes.Date32, len(days), arrow.Int32Traits.CastToBytes(days))
}

func floatArray(values []float64) arrow.Array {
	return fixed(arrow.PrimitiveTypes.Float64, len(values), arrow.Float64Traits.CastToBytes(values))
}

// fixed wraps values in place: nothing is copied, and the garbage collector owns the memory.
func fixed(of arrow.DataType, n int, values []byte) arrow.Array {
	return array.MakeFromData(array.NewData(of, n, []*memory.Buffer{nil, memory.NewBufferBytes(values)}, nil, 0, 0))
}
