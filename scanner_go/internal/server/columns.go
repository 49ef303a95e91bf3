package server

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sort"
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
		for days := found.Days; len(days) > 0; {
			n := c.addDays(days)
			c.runs = append(c.runs, run{found.Index, uint32(n), days[0]})
			days = days[n:]
		}
		c.strategies = append(c.strategies, found.Strategies...)
		c.values = append(c.values, found.Values...)
	}
}

// addDays adds the days of one run: those within 65 535 of the first, which is 179 years.
func (c *columns) addDays(days []int32) int {
	n, first := len(days), days[0]
	if days[n-1]-first > math.MaxUint16 {
		n = sort.Search(n, func(i int) bool { return days[i]-first > math.MaxUint16 })
	}
	at := len(c.days)
	c.days = slices.Grow(c.days, n)[:at+n]
	to := c.days[at:]
	for i, day := range days[:n] {
		to[i] = uint16(day - first)
	}
	return n
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

// cut takes the first rows rows off, or all there are; a run may fall into two.
func (c *columns) cut(rows int) *columns {
	if c.rows() <= rows {
		first := *c
		*c = columns{}
		return &first
	}
	first := &columns{days: c.days[:rows], strategies: c.strategies[:rows]}
	c.days, c.strategies = c.days[rows:], c.strategies[rows:]
	if len(c.values) > 0 {
		first.values, c.values = c.values[:rows], c.values[rows:]
	}
	for rows > 0 {
		r := &c.runs[0]
		if int(r.rows) > rows {
			first.runs = append(first.runs, run{r.index, uint32(rows), r.day})
			// The rest counts from its own first row.
			by := c.days[0]
			r.rows -= uint32(rows)
			r.day += int32(by)
			for i := range c.days[:r.rows] {
				c.days[i] -= by
			}
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
