package library

import (
	"sort"

	"vst/scanner/internal/bars"
)

// Cut is bars of one symbol taken out as columns of their own: prices as ticks where the symbol is
// held so, which take half the room, else in USD. The order of prices is open, high, low, close.
type Cut struct {
	Symbol string
	Time   []int64
	Ticks  *[4][]int32
	Floats *[4][]float64
	Volume []float64
}

// Cut takes the bars of the item's lane from start to end (inclusive, in the unit of bars.Series)
// out.
func (i *Item) Cut(lane int, start, end int64) *Cut {
	v := i.Volume
	n := v.Len(lane)
	from := sort.Search(n, func(i int) bool { return v.time(lane, i) >= start })
	to := max(from, sort.Search(n, func(i int) bool { return v.time(lane, i) > end }))
	c := &Cut{Symbol: v.Block.Symbols[lane], Time: make([]int64, to-from), Volume: make([]float64, to-from)}
	inBlock := max(0, min(to, v.Lengths[lane])-from)
	for row := range inBlock {
		at := (from+row)*bars.Lanes + lane
		c.Time[row], c.Volume[row] = v.Timeframe.FromColumn(v.Block.Day[at]), v.Block.Volume[at]
	}
	later := &bars.Series{}
	first := 0
	if v.Later[lane] != nil && to > v.Lengths[lane] {
		first = max(0, from-v.Lengths[lane])
		_, later = v.Later[lane].Split(first)
		later, _ = later.Split(to - v.Lengths[lane] - first)
	}
	copy(c.Time[inBlock:], later.Time)
	copy(c.Volume[inBlock:], later.Volume)
	behind := [4][]float64{later.Open, later.High, later.Low, later.Close}
	if p := v.Block.Ticks; p != nil {
		c.Ticks = lifted([4][]int32{p.Open, p.High, p.Low, p.Close}, behind, from*bars.Lanes+lane, inBlock, bars.TicksPerUnit)
	} else {
		p := v.Block.Floats
		c.Floats = lifted([4][]float64{p.Open, p.High, p.Low, p.Close}, behind, from*bars.Lanes+lane, inBlock, 1)
	}
	return c
}

// lifted are n rows of a lane from at on, and those behind them, which are on the grid of unit.
func lifted[P int32 | float64](block [4][]P, behind [4][]float64, at, n int, unit float64) *[4][]P {
	var columns [4][]P
	for k := range columns {
		column := make([]P, n+len(behind[k]))
		for row, from := 0, at; row < n; row, from = row+1, from+bars.Lanes {
			column[row] = block[k][from]
		}
		for row, price := range behind[k] {
			if unit == 1 {
				column[n+row] = P(price)
			} else {
				column[n+row] = P(price*unit + 0.5)
			}
		}
		columns[k] = column
	}
	return &columns
}

// Len is how many bars there are.
func (c *Cut) Len() int { return len(c.Time) }

// Doubts are what looks wrong in the bars and may be right.
func (c *Cut) Doubts(timeframe bars.Timeframe) []bars.Warning {
	switch {
	case c.Len() == 0:
		return nil
	case c.Ticks != nil:
		open, closing := c.Ticks[0], c.Ticks[3]
		return bars.Doubts(c.Symbol, timeframe, c.Time, open, closing, bars.TicksPerUnit, c.Time[0], open[0])
	}
	open, closing := c.Floats[0], c.Floats[3]
	return bars.Doubts(c.Symbol, timeframe, c.Time, open, closing, 1, c.Time[0], open[0])
}

// Split is the first n bars and the rest; they share their columns.
func (c *Cut) Split(n int) (first, rest *Cut) {
	first = &Cut{Symbol: c.Symbol, Time: c.Time[:n], Volume: c.Volume[:n]}
	rest = &Cut{Symbol: c.Symbol, Time: c.Time[n:], Volume: c.Volume[n:]}
	if c.Ticks != nil {
		first.Ticks, rest.Ticks = parted(c.Ticks, n)
	} else {
		first.Floats, rest.Floats = parted(c.Floats, n)
	}
	return first, rest
}

func parted[P any](columns *[4][]P, n int) (first, rest *[4][]P) {
	first, rest = &[4][]P{}, &[4][]P{}
	for k, column := range columns {
		first[k], rest[k] = column[:n], column[n:]
	}
	return first, rest
}

// InUSD are the prices in USD.
func (c *Cut) InUSD() *[4][]float64 {
	if c.Floats != nil {
		return c.Floats
	}
	prices := &[4][]float64{}
	for k, ticks := range c.Ticks {
		prices[k] = make([]float64, len(ticks))
		for row, tick := range ticks {
			prices[k][row] = float64(tick) / bars.TicksPerUnit
		}
	}
	return prices
}
