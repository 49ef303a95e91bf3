package server

import (
	"bytes"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/library"
)

// chunkSymbols bounds the symbols of one stream: their index has 16 bits.
const chunkSymbols = math.MaxInt16

var symbolType = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}

func schema(timeframe bars.Timeframe, price arrow.DataType) *arrow.Schema {
	fields := []arrow.Field{
		{Name: "symbol", Type: symbolType},
		{Name: "time", Type: arrow.FixedWidthTypes.Date32},
	}
	if timeframe == bars.Minute {
		fields[1].Type = arrow.FixedWidthTypes.Timestamp_s
	}
	for _, name := range []string{"open", "high", "low", "close"} {
		fields = append(fields, arrow.Field{Name: name, Type: price})
	}
	return arrow.NewSchema(append(fields, arrow.Field{Name: "volume", Type: arrow.PrimitiveTypes.Float64}), nil)
}

// arrowStream writes the bars to out as one Arrow IPC stream, a record batch a symbol.
func arrowStream(out *bytes.Buffer, timeframe bars.Timeframe, cuts []*library.Cut) error {
	symbols := array.NewStringBuilder(memory.DefaultAllocator)
	rows, price := 0, arrow.DataType(arrow.PrimitiveTypes.Int32)
	for _, c := range cuts {
		symbols.Append(c.Symbol)
		rows += c.Len()
		if c.Ticks == nil {
			price = arrow.PrimitiveTypes.Float64
		}
	}
	dictionary := symbols.NewArray()
	columns := schema(timeframe, price)
	out.Grow(rowBytes*rows + 1024*(1+len(cuts)))
	writer := ipc.NewWriter(out, ipc.WithSchema(columns))
	for i, c := range cuts {
		n := c.Len()
		if n == 0 {
			continue
		}
		values := []arrow.Array{symbolArray(dictionary, i, n), timeArray(timeframe, c.Time)}
		if price == arrow.PrimitiveTypes.Int32 {
			for _, column := range c.Ticks {
				values = append(values, fixed(price, n, arrow.Int32Traits.CastToBytes(column)))
			}
		} else {
			for _, column := range c.InUSD() {
				values = append(values, floatArray(column))
			}
		}
		batch := array.NewRecordBatch(columns, append(values, floatArray(c.Volume)), int64(n))
		if err := writer.Write(batch); err != nil {
			return fmt.Errorf("encode bars of %s: %w", c.Symbol, err)
		}
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("encode bars: %w", err)
	}
	return nil
}

// rowBytes is about what one bar takes in a stream.
const rowBytes = 34

func symbolArray(dictionary arrow.Array, index, n int) arrow.Array {
	indices := make([]int16, n)
	for i := range indices {
		indices[i] = int16(index)
	}
	return array.NewDictionaryArray(symbolType, fixed(arrow.PrimitiveTypes.Int16, n, arrow.Int16Traits.CastToBytes(indices)), dictionary)
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
