package provider

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"vst/scanner/internal/bars"
)

// maxLineBytes bounds a line of a CSV file, and with it the memory that reading takes.
const maxLineBytes = 64 << 10

// csvTable reads comma-separated values line by line. A cell may stand in double quotes, which are
// doubled inside it; a line break inside a cell is not taken.
type csvTable struct {
	columns layout
	lines   *bufio.Reader
	number  int
	cells   [][]byte
}

func openCSV(file io.Reader) (*csvTable, error) {
	t := &csvTable{lines: bufio.NewReaderSize(file, maxLineBytes)}
	if mark, _ := t.lines.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = t.lines.Discard(len(mark))
	}
	err := t.next()
	if errors.Is(err, io.EOF) {
		return nil, &columnsError{reason: "it is empty"}
	}
	if err != nil {
		return nil, err
	}
	header := make([]string, len(t.cells))
	for i, cell := range t.cells {
		header[i] = string(cell)
	}
	if t.columns, err = findColumns(header); err != nil {
		return nil, err
	}
	return t, nil
}

// next reads the cells of the next line that has any.
func (t *csvTable) next() error {
	for {
		t.number++
		line, err := t.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d is longer than %d bytes", t.number, maxLineBytes)
		case errors.Is(err, io.EOF) && len(line) > 0:
			// The last line needs no end.
		case err != nil:
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return t.split(line)
		}
	}
}

func (t *csvTable) split(line []byte) error {
	t.cells = t.cells[:0]
	for {
		cell, rest, more := bytes.Cut(line, []byte(","))
		if trimmed := bytes.TrimLeft(line, " "); len(trimmed) > 0 && trimmed[0] == '"' {
			var closed bool
			if cell, rest, closed = unquote(trimmed[1:]); !closed {
				return fmt.Errorf("line %d has a quote that does not end", t.number)
			}
			if rest = bytes.TrimLeft(rest, " "); len(rest) > 0 && rest[0] != ',' {
				return fmt.Errorf("line %d has text behind a quote", t.number)
			}
			if more = len(rest) > 0; more {
				rest = rest[1:]
			}
		}
		t.cells = append(t.cells, bytes.TrimSpace(cell))
		if !more {
			return nil
		}
		line = rest
	}
}

// unquote reads up to the quote that ends the cell.
func unquote(text []byte) (cell, rest []byte, closed bool) {
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		if i+1 == len(text) || text[i+1] != '"' {
			return bytes.ReplaceAll(text[:i], []byte(`""`), []byte(`"`)), text[i+1:], true
		}
		i++
	}
	return nil, nil, false
}

func (t *csvTable) long() bool { return t.columns.symbol >= 0 }

func (t *csvTable) rows(ctx context.Context, request Request, sink sink) error {
	const linesBetweenLooks = 4096
	for {
		if t.number%linesBetweenLooks == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var symbol []byte
		if at := t.columns.symbol; at >= 0 {
			if at >= len(t.cells) {
				return fmt.Errorf("line %d has %d cells and no symbol", t.number, len(t.cells))
			}
			symbol = t.cells[at]
		}
		if into := sink(symbol); into != nil {
			t.bar(request, into)
		}
	}
}

// bar reads the line's bar into a series, or the reason why it cannot be read.
func (t *csvTable) bar(request Request, into *gathered) {
	cell := func(at int) (string, error) {
		if at >= len(t.cells) {
			return "", fmt.Errorf("the line ends before it")
		}
		return string(t.cells[at]), nil
	}
	fault := func(column string, day *int32, err error) {
		into.refuse(day, fmt.Sprintf("line %d, column %s: %s", t.number, column, err))
	}
	text, err := cell(t.columns.date)
	var at int64
	if err == nil {
		at, err = parseTime(text, request.Timeframe)
	}
	if err != nil {
		fault("date", nil, err)
		return
	}
	if !request.within(at) {
		return
	}
	var values [columns]float64
	for i, column := range t.columns.values {
		text, err := cell(column)
		if err == nil {
			values[i], err = parseNumber(text)
		}
		if err != nil {
			day := (&bars.Series{Timeframe: request.Timeframe, Time: []int64{at}}).Day(0)
			fault(columnNames[i], &day, err)
			return
		}
	}
	push(&into.series, at, values)
}
