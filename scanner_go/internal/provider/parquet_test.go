package provider

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"vst/scanner/internal/bars"
)

// column is one of a Parquet file to be written. valid is nil where it may hold no null.
type column struct {
	name   string
	kind   parquet.Type
	means  schema.LogicalType
	values any
	valid  []int16
}

// parquetFile writes the columns as so many row groups of the same rows.
func parquetFile(t testing.TB, groups int, list ...column) []byte {
	t.Helper()
	var fields schema.FieldList
	for _, c := range list {
		repetition := parquet.Repetitions.Required
		if c.valid != nil {
			repetition = parquet.Repetitions.Optional
		}
		means := c.means
		if means == nil {
			means = schema.NoLogicalType{}
		}
		node, err := schema.NewPrimitiveNodeLogical(c.name, repetition, means, c.kind, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, node)
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	// Small pages, so that a batch spans several.
	writer, err := file.NewParquetWriterWithError(&out, root, file.WithWriterProps(parquet.NewWriterProperties(
		parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDataPageSize(1024), parquet.WithBatchSize(100))))
	if err != nil {
		t.Fatal(err)
	}
	for range groups {
		group, err := writer.AppendRowGroupChecked()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			into, err := group.NextColumn()
			if err == nil {
				err = writeColumn(into, c)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := group.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func writeColumn(into file.ColumnChunkWriter, c column) error {
	var err error
	switch typed := into.(type) {
	case *file.ByteArrayColumnChunkWriter:
		var cells []parquet.ByteArray
		for _, text := range c.values.([]string) {
			cells = append(cells, parquet.ByteArray(text))
		}
		_, err = typed.WriteBatch(cells, c.valid, nil)
	case *file.Int32ColumnChunkWriter:
		_, err = typed.WriteBatch(c.values.([]int32), c.valid, nil)
	case *file.Int64ColumnChunkWriter:
		_, err = typed.WriteBatch(c.values.([]int64), c.valid, nil)
	case *file.Float32ColumnChunkWriter:
		_, err = typed.WriteBatch(c.values.([]float32), c.valid, nil)
	case *file.Float64ColumnChunkWriter:
		_, err = typed.WriteBatch(c.values.([]float64), c.valid, nil)
	}
	if err != nil {
		return err
	}
	return into.Close()
}

func texts(name string, values ...string) column {
	return column{name: name, kind: parquet.Types.ByteArray, means: schema.StringLogicalType{}, values: values}
}

func floats(name string, values ...float64) column {
	return column{name: name, kind: parquet.Types.Double, values: values}
}

func dates(values ...int32) column {
	return column{name: "date", kind: parquet.Types.Int32, means: schema.DateLogicalType{}, values: values}
}

func stamps(unit schema.TimeUnitType, values ...int64) column {
	return column{name: "date", kind: parquet.Types.Int64, means: schema.NewTimestampLogicalType(true, unit), values: values}
}

// rest is the price columns and the volume for so many rows, closes counting up from 1.
func rest(n int) []column {
	var one, closes []float64
	for i := range n {
		one, closes = append(one, 1), append(closes, float64(i+1))
	}
	return []column{floats("Open", one...), floats("HIGH", one...), floats("low", one...), floats("close", closes...), floats("volume", one...)}
}

func TestParquetDatesOfEveryType(t *testing.T) {
	monday := day("2024-06-03")
	noon := time.Date(2024, 6, 3, 12, 0, 0, 0, time.UTC)
	cases := map[string]column{
		"date32": dates(int32(monday), int32(monday)+1),
		"millis": stamps(schema.TimeUnitMillis, noon.UnixMilli(), noon.AddDate(0, 0, 1).UnixMilli()),
		"micros": stamps(schema.TimeUnitMicros, noon.UnixMicro(), noon.AddDate(0, 0, 1).UnixMicro()),
		"nanos":  stamps(schema.TimeUnitNanos, noon.UnixNano(), noon.AddDate(0, 0, 1).UnixNano()),
		"text":   texts("Date", "2024-06-03T12:00:00Z", "2024-06-04 12:00:00"),
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, folder, "AAPL.parquet", string(parquetFile(t, 1, append(rest(2), c)...)))
			provider := filesAt(t, folder)
			fetch(t, provider, Request{Symbols: []string{"AAPL"}}).closes(t, "AAPL", []int64{monday, monday + 1}, []float64{1, 2})
			fetch(t, provider, Request{Symbols: []string{"AAPL"}, Start: ptr(monday + 1)}).closes(t, "AAPL", []int64{monday + 1}, []float64{2})
			got := fetch(t, provider, Request{Symbols: []string{"AAPL"}, Timeframe: bars.Minute})
			if name == "date32" {
				got.wants(t, "AAPL", "AAPL.parquet: the column date has no time of day")
				return
			}
			got.closes(t, "AAPL", []int64{noon.Unix(), noon.Unix() + secondsPerDay}, []float64{1, 2})
		})
	}
}

func TestParquetWithManySymbolsOverPagesAndGroups(t *testing.T) {
	const rows = 3 * parquetRows / 2
	symbols, days := make([]string, rows), make([]int32, rows)
	for i := range rows {
		symbols[i], days[i] = []string{"AAPL", "BRK-B", "ZTS"}[i%3], int32(i)
	}
	folder := t.TempDir()
	write(t, folder, "all.parquet", string(parquetFile(t, 2, append(rest(rows), dates(days...), texts("symbol", symbols...))...)))
	got := fetch(t, filesAt(t, folder), Request{Symbols: []string{"ZTS", "BRK.B", "NOPE"}})
	for symbol, first := range map[string]int{"ZTS": 2, "BRK.B": 1} {
		series := got.series[symbol]
		if series == nil || len(series.Time) != 2*rows/3 {
			t.Fatalf("%s: got %+v, %s", symbol, series, got.faults[symbol])
		}
		for i, at := range series.Time {
			if want := (first + 3*i) % rows; at != int64(want) || series.Close[i] != float64(want+1) {
				t.Fatalf("%s: bar %d is of day %d with close %g, want day %d", symbol, i, at, series.Close[i], want)
			}
		}
	}
	got.wants(t, "NOPE", "there are no bars")
}

func TestParquetNullsAndNumbersOfEveryType(t *testing.T) {
	monday := int32(day("2024-06-03"))
	list := []column{
		{name: "date", kind: parquet.Types.Int32, means: schema.DateLogicalType{}, values: []int32{monday, monday + 1, monday + 2}, valid: []int16{1, 1, 1}},
		{name: "open", kind: parquet.Types.Float, values: []float32{1.5, 2.5, 3.5}},
		{name: "high", kind: parquet.Types.Int32, values: []int32{4, 5, 6}},
		{name: "low", kind: parquet.Types.Int64, values: []int64{1, 2, 3}},
		{name: "close", kind: parquet.Types.Double, values: []float64{7, 9}, valid: []int16{1, 0, 1}},
		{name: "volume", kind: parquet.Types.Int64, values: []int64{8}, valid: []int16{0, 0, 1}},
	}
	folder := t.TempDir()
	write(t, folder, "AAPL.parquet", string(parquetFile(t, 1, list...)))
	got := fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL"}})
	first := int64(monday)
	got.closes(t, "AAPL", []int64{first, first + 1, first + 2}, []float64{7, math.NaN(), 9})
	series := got.series["AAPL"]
	if !same(series.Volume, []float64{math.NaN(), math.NaN(), 8}) || !same(series.Open, []float64{1.5, 2.5, 3.5}) ||
		!same(series.High, []float64{4, 5, 6}) || !same(series.Low, []float64{1, 2, 3}) {
		t.Errorf("got %+v", series)
	}
}

func TestParquetThatCannotBeRead(t *testing.T) {
	monday := int32(day("2024-06-03"))
	good := parquetFile(t, 1, append(rest(2), dates(monday, monday+1))...)
	spoiled := bytes.Clone(good)
	for i := 4; i < 200; i++ {
		spoiled[i] ^= 0xff
	}
	noDate := column{name: "date", kind: parquet.Types.Int32, means: schema.DateLogicalType{}, values: []int32{monday}, valid: []int16{1, 0}}
	wrong := rest(2)
	wrong[3] = texts("close", "1", "2")
	cases := map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "it is no sound Parquet file"},
		"text":          {[]byte("symbol,date,open,high,low,close,volume"), "it is no sound Parquet file"},
		"cut off":       {good[:len(good)/2], "it is no sound Parquet file"},
		"spoiled pages": {spoiled, "it is no sound Parquet file"},
		"no date":       {parquetFile(t, 1, append(rest(2), noDate)...), "row 2, column date: there is no date"},
		"bad date":      {parquetFile(t, 1, append(rest(2), texts("date", "2024-06-03", "soon"))...), `row 2, column date: "soon" is not an ISO date`},
		"number as date": {
			parquetFile(t, 1, append(rest(2), column{name: "date", kind: parquet.Types.Int64, values: []int64{1, 2}})...),
			"the column date has the type INT64 (None), not one of dates",
		},
		"text as price": {parquetFile(t, 1, append(wrong, dates(monday, monday))...), "the column close has the type BYTE_ARRAY (String), not one of numbers"},
		"no close":      {parquetFile(t, 1, dates(monday), floats("open", 1)), "it has no column high"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, folder, "AAPL.parquet", string(c.data))
			write(t, folder, "MSFT.csv", header+"2024-06-03,1,2,1,5,10\n")
			got := fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL", "MSFT"}})
			got.wants(t, "AAPL", "AAPL.parquet: "+c.want)
			got.closes(t, "MSFT", []int64{int64(monday)}, []float64{5})
		})
	}
}

func TestParquetThatCannotBeOpenedMayHoldAnySymbol(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "all.parquet", "PAR1")
	fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL"}}).wants(t, "AAPL", "all.parquet: it is no sound Parquet file")
}

func FuzzParquet(f *testing.F) {
	monday := int32(day("2024-06-03"))
	f.Add(parquetFile(f, 1, append(rest(2), dates(monday, monday+1))...))
	f.Add(parquetFile(f, 2, append(rest(2), texts("date", "2024-06-03", "soon"), texts("symbol", "A", "B"))...))
	f.Add(parquetFile(f, 1, append(rest(1), stamps(schema.TimeUnitNanos, 1<<60))...))
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = readParquet(bytes.NewReader(data), func(table table) error {
			checkRows(t, table, Request{}, math.MaxInt)
			return nil
		})
	})
}
