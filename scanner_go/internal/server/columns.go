package server

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/scan"
)

// columns are signals of several parts, in the order they came, as the contract has them.
type columns struct {
	runs       []run
	days       []byte
	strategies []byte
	values     []scan.Values
}

// run is how many rows in turn belong to the symbol at an index.
type run struct{ index, rows uint32 }

func (c *columns) add(part *scan.Part) {
	for i := range part.Runs {
		found := &part.Runs[i]
		c.runs = append(c.runs, run{found.Index, uint32(len(found.Days))})
		at := len(c.days)
		c.days = slices.Grow(c.days, 4*len(found.Days))[:at+4*len(found.Days)]
		for row, day := range found.Days {
			binary.LittleEndian.PutUint32(c.days[at+4*row:], uint32(day))
		}
		c.strategies = append(c.strategies, found.Strategies...)
		c.values = append(c.values, found.Values...)
	}
}

// rows is how many there are.
func (c *columns) rows() int { return len(c.strategies) }

// cut takes the first rows rows off, or all there are; a run may fall into two.
func (c *columns) cut(rows int) *columns {
	if c.rows() <= rows {
		first := *c
		*c = columns{}
		return &first
	}
	first := &columns{days: c.days[:4*rows], strategies: c.strategies[:rows]}
	c.days, c.strategies = c.days[4*rows:], c.strategies[rows:]
	if len(c.values) > 0 {
		first.values, c.values = c.values[:rows], c.values[rows:]
	}
	for rows > 0 {
		r := &c.runs[0]
		if int(r.rows) > rows {
			first.runs = append(first.runs, run{r.index, uint32(rows)})
			r.rows -= uint32(rows)
			break
		}
		rows -= int(r.rows)
		first.runs = append(first.runs, *r)
		c.runs = c.runs[1:]
	}
	return first
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
	sorted := &columns{days: make([]byte, 0, len(c.days)), strategies: make([]byte, 0, len(c.strategies))}
	for _, s := range stretches {
		to := s.from + int(s.rows)
		sorted.runs = append(sorted.runs, s.run)
		sorted.days = append(sorted.days, c.days[4*s.from:4*to]...)
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
		RunSymbol: make([]byte, 0, 4*len(c.runs)), RunRows: make([]byte, 0, 4*len(c.runs)),
		Day: c.days, Strategies: c.strategies,
	}
	for _, r := range c.runs {
		message.RunSymbol = order.AppendUint32(message.RunSymbol, r.index)
		message.RunRows = order.AppendUint32(message.RunRows, r.rows)
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
