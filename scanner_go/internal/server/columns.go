package server

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/scan"
)

// columns are signals of several parts, in the order they came, as the contract has them.
type columns struct {
	runs       []run
	days       []uint16
	strategies []byte
	values     []scan.Values
}

// run is how many rows in turn belong to the symbol at an index, and the day of the first.
type run struct {
	index, rows uint32
	day         int32
}

func (c *columns) add(part *scan.Part) {
	for i := range part.Runs {
		found := &part.Runs[i]
		c.runs = append(c.runs, run{found.Index, uint32(len(found.Days)), found.Day})
		c.days = append(c.days, found.Days...)
		c.strategies = append(c.strategies, found.Strategies...)
		c.values = append(c.values, found.Values...)
	}
}

// clear empties the columns and keeps their room.
func (c *columns) clear() {
	c.runs, c.days, c.strategies, c.values = c.runs[:0], c.days[:0], c.strategies[:0], c.values[:0]
}

// rows is how many there are.
func (c *columns) rows() int { return len(c.strategies) }

// limit is how many rows make a message of about a megabyte.
func (c *columns) limit() int {
	if len(c.values) > 0 {
		return 1 << 20 / 43
	}
	return 1 << 20 / 3
}

// split are the same rows in pieces of at most rows; a run may fall into two. The pieces share the
// columns.
func (c *columns) split(rows int) []*columns {
	var pieces []*columns
	piece := &columns{}
	from, size := 0, 0
	end := func(to int) {
		piece.days, piece.strategies = c.days[from:to], c.strategies[from:to]
		if len(c.values) > 0 {
			piece.values = c.values[from:to]
		}
		pieces, piece, from, size = append(pieces, piece), &columns{}, to, 0
	}
	at := 0
	for _, r := range c.runs {
		for r.rows > 0 {
			n := min(int(r.rows), rows-size)
			piece.runs = append(piece.runs, run{r.index, uint32(n), r.day})
			at, size = at+n, size+n
			if r.rows -= uint32(n); size == rows {
				end(at)
			}
		}
	}
	if size > 0 || len(pieces) == 0 {
		end(at)
	}
	return pieces
}

// ordered are the same signals in the order of their symbols' indices.
func (c *columns) ordered() *columns {
	type stretch struct {
		run
		from int
	}
	stretches := make([]stretch, len(c.runs))
	from := 0
	for i, r := range c.runs {
		stretches[i] = stretch{r, from}
		from += int(r.rows)
	}
	slices.SortStableFunc(stretches, func(a, b stretch) int { return cmp.Compare(a.index, b.index) })
	sorted := &columns{days: make([]uint16, 0, len(c.days)), strategies: make([]byte, 0, len(c.strategies))}
	for _, s := range stretches {
		to := s.from + int(s.rows)
		sorted.runs = append(sorted.runs, s.run)
		sorted.days = append(sorted.days, c.days[s.from:to]...)
		sorted.strategies = append(sorted.strategies, c.strategies[s.from:to]...)
		if len(c.values) > 0 {
			sorted.values = append(sorted.values, c.values[s.from:to]...)
		}
	}
	return sorted
}

// message hands the columns over: do not add to them afterwards.
func (c *columns) message() *pb.SignalColumns {
	order := binary.LittleEndian
	message := &pb.SignalColumns{
		// As they lie in memory, which is little-endian wherever this runs.
		Day:        unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c.days))), 2*len(c.days)),
		Strategies: c.strategies,
	}
	for _, r := range c.runs {
		message.RunSymbol = order.AppendUint32(message.RunSymbol, r.index)
		message.RunRows = order.AppendUint32(message.RunRows, r.rows)
		message.RunDay = order.AppendUint32(message.RunDay, uint32(r.day))
	}
	float := func(of func(*scan.Values) float64) []byte {
		column := make([]byte, 8*len(c.values))
		for i := range c.values {
			order.PutUint64(column[8*i:], math.Float64bits(of(&c.values[i])))
		}
		return column
	}
	if len(c.values) > 0 {
		message.Close = float(func(v *scan.Values) float64 { return v.Close })
		message.Atr = float(func(v *scan.Values) float64 { return v.ATR })
		message.Rsi = float(func(v *scan.Values) float64 { return v.RSI })
		message.Sma50 = float(func(v *scan.Values) float64 { return v.Fast })
		message.Sma200 = float(func(v *scan.Values) float64 { return v.Slow })
	}
	return message
}
