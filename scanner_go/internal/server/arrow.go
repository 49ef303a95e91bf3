package server

import (
	"bytes"
	"fmt"
	"math"
	"sync"

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

// frame is a table on its way to Arrow, and room for the columns that it has otherwise there.
type frame struct {
	table   library.Table
	symbols []int16
	days    []int32
	data    bytes.Buffer
}

// frames are used again: fresh ones of some megabytes cost more to clear than to fill.
var frames = sync.Pool{New: func() any { return new(frame) }}

// fill takes the parts in.
func (f *frame) fill(parts []library.Part) {
	f.table.Clear()
	for _, part := range parts {
		f.table.Add(part)
	}
}

// encode writes the table to data as one Arrow IPC stream of one record batch; none without bars.
func (f *frame) encode(timeframe bars.Timeframe) error {
	t, n := &f.table, len(f.table.Time)
	price := arrow.DataType(arrow.PrimitiveTypes.Int32)
	if t.IsFloats {
		price = arrow.PrimitiveTypes.Float64
	}
	columns := schema(timeframe, price)
	f.data.Reset()
	f.data.Grow(rowBytes*n + 16*len(t.Symbols) + 4096)
	writer := ipc.NewWriter(&f.data, ipc.WithSchema(columns))
	if n > 0 {
		values := []arrow.Array{f.symbolArray(), f.timeArray(timeframe)}
		for k := range t.Ticks {
			if t.IsFloats {
				values = append(values, floatArray(t.Floats[k]))
			} else {
				values = append(values, fixed(price, n, arrow.Int32Traits.CastToBytes(t.Ticks[k])))
			}
		}
		batch := array.NewRecordBatch(columns, append(values, floatArray(t.Volume)), int64(n))
		if err := writer.Write(batch); err != nil {
			return fmt.Errorf("encode bars from %s on: %w", t.Symbols[0], err)
		}
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("encode bars: %w", err)
	}
	return nil
}

// rowBytes is what one bar takes in a stream: its symbol, day, prices in ticks and volume.
const rowBytes = 30

func (f *frame) symbolArray() arrow.Array {
	symbols := array.NewStringBuilder(memory.DefaultAllocator)
	f.symbols = f.symbols[:0]
	for i, symbol := range f.table.Symbols {
		symbols.Append(symbol)
		for len(f.symbols) < f.table.Ends[i] {
			f.symbols = append(f.symbols, int16(i))
		}
	}
	indices := fixed(arrow.PrimitiveTypes.Int16, len(f.symbols), arrow.Int16Traits.CastToBytes(f.symbols))
	return array.NewDictionaryArray(symbolType, indices, symbols.NewArray())
}

func (f *frame) timeArray(timeframe bars.Timeframe) arrow.Array {
	times := f.table.Time
	if timeframe == bars.Minute {
		return fixed(arrow.FixedWidthTypes.Timestamp_s, len(times), arrow.Int64Traits.CastToBytes(times))
	}
	f.days = f.days[:0]
	for _, day := range times {
		f.days = append(f.days, int32(day))
	}
	return fixed(arrow.FixedWidthTypes.Date32, len(f.days), arrow.Int32Traits.CastToBytes(f.days))
}

func floatArray(values []float64) arrow.Array {
	return fixed(arrow.PrimitiveTypes.Float64, len(values), arrow.Float64Traits.CastToBytes(values))
}

// fixed wraps values in place: nothing is copied, and the garbage collector owns the memory.
func fixed(of arrow.DataType, n int, values []byte) arrow.Array {
	return array.MakeFromData(array.NewData(of, n, []*memory.Buffer{nil, memory.NewBufferBytes(values)}, nil, 0, 0))
}
