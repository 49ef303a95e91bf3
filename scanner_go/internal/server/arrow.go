package server

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"vst/scanner/internal/bars"
)

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

// arrowStream writes the series to out as one Arrow IPC stream, a record batch each.
func arrowStream(out *bytes.Buffer, timeframe bars.Timeframe, series []*bars.Series) error {
	symbols := array.NewStringBuilder(memory.DefaultAllocator)
	rows := 0
	for _, s := range series {
		symbols.Append(s.Symbol)
		rows += len(s.Time)
	}
	dictionary := symbols.NewArray()
	columns := schema(timeframe)
	out.Grow(rowBytes*rows + 1024*(1+len(series)))
	writer := ipc.NewWriter(out, ipc.WithSchema(columns))
	for i, s := range series {
		n := len(s.Time)
		if n == 0 {
			continue
		}
		batch := array.NewRecordBatch(columns, []arrow.Array{
			symbolArray(dictionary, i, n), timeArray(timeframe, s.Time),
			floatArray(s.Open), floatArray(s.High), floatArray(s.Low), floatArray(s.Close), floatArray(s.Volume),
		}, int64(n))
		if err := writer.Write(batch); err != nil {
			return fmt.Errorf("encode bars of %s: %w", s.Symbol, err)
		}
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("encode bars: %w", err)
	}
	return nil
}

// rowBytes is about what one bar takes in a stream.
const rowBytes = 52

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
