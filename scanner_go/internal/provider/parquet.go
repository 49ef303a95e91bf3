package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"vst/scanner/internal/bars"
)

const (
	// maxPageBytes bounds a page of a column, and with it the memory that reading takes.
	maxPageBytes = 64 << 20
	// parquetRows is how many rows are decoded at a time.
	parquetRows = 8192
)

// parquetTable reads a Parquet file batch by batch. Nested columns are not looked at.
type parquetTable struct {
	file    *file.Reader
	columns layout
}

// readParquet opens a file for use. The decoder panics on some files that are none; here that is
// an error like the others.
func readParquet(from parquet.ReaderAtSeeker, use func(table) error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("it is no sound Parquet file: %s", brief(fmt.Sprint(panicked)))
		}
	}()
	properties := parquet.NewReaderProperties(memory.NewGoAllocator())
	properties.BufferedStreamEnabled = true
	properties.MaxCompressedPageSize, properties.MaxUncompressedPageSize = maxPageBytes, maxPageBytes
	reader, err := file.NewParquetReader(from, file.WithReadProps(properties))
	if err != nil {
		return unsound(err)
	}
	// The file itself is closed by who opened it.
	columns := reader.MetaData().Schema
	header := make([]string, columns.NumColumns())
	for i := range header {
		if column := columns.Column(i); column.MaxRepetitionLevel() == 0 && column.MaxDefinitionLevel() <= 1 && len(column.ColumnPath()) == 1 {
			header[i] = column.Name()
		}
	}
	t := &parquetTable{file: reader}
	if t.columns, err = findColumns(header); err != nil {
		return err
	}
	return use(t)
}

func unsound(err error) error {
	return fmt.Errorf("it is no sound Parquet file: %s", brief(strings.TrimPrefix(err.Error(), "parquet: ")))
}

func (t *parquetTable) long() bool { return t.columns.symbol >= 0 }

func (t *parquetTable) rows(ctx context.Context, request Request, sink sink) error {
	first := int64(1)
	for i := range t.file.NumRowGroups() {
		n, err := t.group(ctx, t.file.RowGroup(i), first, request, sink)
		if err != nil {
			return err
		}
		first += n
	}
	return nil
}

// group reads a row group whose first row has this number in the file.
func (t *parquetTable) group(ctx context.Context, group *file.RowGroupReader, first int64, request Request, sink sink) (int64, error) {
	symbols, err := t.symbols(group)
	if err != nil {
		return 0, err
	}
	times, err := t.times(group, request.Timeframe)
	if err != nil {
		return 0, err
	}
	var numbers [columns]func(int) ([]float64, error)
	for i, column := range t.columns.values {
		if numbers[i], err = t.numbers(group, column); err != nil {
			return 0, err
		}
	}
	rows := group.NumRows()
	for done := int64(0); done < rows; {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		n := int(min(rows-done, parquetRows))
		names, err := symbols(n)
		if err != nil {
			return 0, err
		}
		at, err := times(n)
		if err != nil {
			return 0, err
		}
		var values [columns][]float64
		for i, read := range numbers {
			if values[i], err = read(n); err != nil {
				return 0, err
			}
		}
		for i := range n {
			into := sink(names(i))
			if into == nil {
				continue
			}
			moment, err := at(i)
			switch {
			case err != nil:
				into.refuse(nil, fmt.Sprintf("row %d, column date: %s", first+done+int64(i), err))
			case request.within(moment):
				push(&into.series, moment, [columns]float64{values[opening][i], values[high][i], values[low][i], values[closing][i], values[volume][i]})
			}
		}
		done += int64(n)
	}
	return rows, nil
}

// symbols reads the column symbol, where there is one, batch by batch: the symbol of each row.
func (t *parquetTable) symbols(group *file.RowGroupReader) (func(n int) (func(i int) []byte, error), error) {
	if !t.long() {
		return func(int) (func(int) []byte, error) { return func(int) []byte { return nil }, nil }, nil
	}
	reader, err := group.Column(t.columns.symbol)
	if err != nil {
		return nil, unsound(err)
	}
	typed, ok := reader.(*file.ByteArrayColumnChunkReader)
	if !ok {
		return nil, wrongType(reader.Descriptor(), "text")
	}
	cells := newChunk(reader, typed.ReadBatch)
	return func(n int) (func(int) []byte, error) {
		values, null, err := cells.read(n)
		// Without a symbol it is a row of none that was asked for.
		return func(i int) []byte {
			if null(i) {
				return []byte{}
			}
			return values[i]
		}, err
	}, nil
}

// numbers reads a column of numbers; a null is NaN, which the door names.
func (t *parquetTable) numbers(group *file.RowGroupReader, column int) (func(n int) ([]float64, error), error) {
	reader, err := group.Column(column)
	if err != nil {
		return nil, unsound(err)
	}
	if _, decimal := reader.Descriptor().LogicalType().(schema.DecimalLogicalType); decimal {
		return nil, wrongType(reader.Descriptor(), "numbers")
	}
	switch typed := reader.(type) {
	case *file.Float64ColumnChunkReader:
		return asFloats(newChunk(reader, typed.ReadBatch)), nil
	case *file.Float32ColumnChunkReader:
		return asFloats(newChunk(reader, typed.ReadBatch)), nil
	case *file.Int64ColumnChunkReader:
		return asFloats(newChunk(reader, typed.ReadBatch)), nil
	case *file.Int32ColumnChunkReader:
		return asFloats(newChunk(reader, typed.ReadBatch)), nil
	}
	return nil, wrongType(reader.Descriptor(), "numbers")
}

func asFloats[T float64 | float32 | int64 | int32](cells *chunk[T]) func(n int) ([]float64, error) {
	var floats []float64
	return func(n int) ([]float64, error) {
		values, null, err := cells.read(n)
		floats = floats[:0]
		for i, value := range values {
			if null(i) {
				floats = append(floats, math.NaN())
				continue
			}
			floats = append(floats, float64(value))
		}
		return floats, err
	}
}

// times reads the column date: date32, timestamps in any unit, or text in ISO form.
func (t *parquetTable) times(group *file.RowGroupReader, timeframe bars.Timeframe) (func(n int) (func(i int) (int64, error), error), error) {
	reader, err := group.Column(t.columns.date)
	if err != nil {
		return nil, unsound(err)
	}
	column := reader.Descriptor()
	switch typed := reader.(type) {
	case *file.Int32ColumnChunkReader:
		if !column.LogicalType().Equals(schema.DateLogicalType{}) {
			break
		}
		if timeframe == bars.Minute {
			return nil, errors.New("the column date has no time of day")
		}
		return asTimes(newChunk(reader, typed.ReadBatch), func(day int32) (int64, error) { return int64(day), nil }), nil
	case *file.Int64ColumnChunkReader:
		stamp, ok := column.LogicalType().(schema.TimestampLogicalType)
		if !ok {
			break
		}
		per := map[schema.TimeUnitType]int64{
			schema.TimeUnitMillis: 1e3, schema.TimeUnitMicros: 1e6, schema.TimeUnitNanos: 1e9,
		}[stamp.TimeUnit()]
		if per == 0 {
			break
		}
		if timeframe == bars.Daily {
			per *= secondsPerDay
		}
		return asTimes(newChunk(reader, typed.ReadBatch), func(value int64) (int64, error) { return floorDiv(value, per), nil }), nil
	case *file.ByteArrayColumnChunkReader:
		return asTimes(newChunk(reader, typed.ReadBatch), func(text parquet.ByteArray) (int64, error) {
			return parseTime(string(text), timeframe)
		}), nil
	}
	return nil, wrongType(column, "dates")
}

func asTimes[T any](cells *chunk[T], convert func(T) (int64, error)) func(n int) (func(i int) (int64, error), error) {
	return func(n int) (func(int) (int64, error), error) {
		values, null, err := cells.read(n)
		return func(i int) (int64, error) {
			if null(i) {
				return 0, errors.New("there is no date")
			}
			return convert(values[i])
		}, err
	}
}

func wrongType(column *schema.Column, want string) error {
	return fmt.Errorf("the column %s has the type %s (%s), not one of %s", column.Name(), column.PhysicalType(), column.LogicalType(), want)
}

// chunk reads one column of a row group.
type chunk[T any] struct {
	batch    func(size int64, values []T, definitions, repetitions []int16) (int64, int, error)
	optional bool
	values   []T
	levels   []int16
}

func newChunk[T any](
	reader file.ColumnChunkReader, batch func(int64, []T, []int16, []int16) (int64, int, error),
) *chunk[T] {
	return &chunk[T]{
		batch: batch, optional: reader.Descriptor().MaxDefinitionLevel() > 0,
		values: make([]T, parquetRows), levels: make([]int16, parquetRows),
	}
}

// read returns the next n rows' values, and which of them are null.
func (c *chunk[T]) read(n int) ([]T, func(i int) bool, error) {
	var levels []int16
	if c.optional {
		levels = c.levels[:n]
	}
	total, there, err := c.batch(int64(n), c.values[:n], levels, nil)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, nil, unsound(err)
	case total != int64(n) || !c.optional && there != n:
		return nil, nil, errors.New("it is no sound Parquet file: a column ends before its row group")
	case !c.optional:
		return c.values[:n], func(int) bool { return false }, nil
	}
	// Nulls take no place among the values: spread them from the end.
	for i := n - 1; i >= 0; i-- {
		if levels[i] > 0 {
			if there--; there < 0 {
				return nil, nil, errors.New("it is no sound Parquet file: a column has fewer values than it says")
			}
			c.values[i] = c.values[there]
		}
	}
	return c.values[:n], func(i int) bool { return levels[i] == 0 }, nil
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a+1)/b - 1
	}
	return a / b
}
