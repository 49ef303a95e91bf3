package library

import (
	"slices"
	"sort"

	"vst/scanner/internal/bars"
)

// Part is bars of one symbol: those of the item's lane from From up to before To.
type Part struct {
	Item     *Item
	Lane     int
	From, To int
}

// Part finds the bars of the item's lane from start to end, inclusive, in the unit of bars.Series.
func (i *Item) Part(lane int, start, end int64) Part {
	v := i.Volume
	n := v.Len(lane)
	from := sort.Search(n, func(i int) bool { return v.time(lane, i) >= start })
	to := max(from, sort.Search(n, func(i int) bool { return v.time(lane, i) > end }))
	return Part{Item: i, Lane: lane, From: from, To: to}
}

// Len is how many bars there are.
func (p Part) Len() int { return p.To - p.From }

// Split is the first n bars and the rest.
func (p Part) Split(n int) (first, rest Part) {
	first, rest = p, p
	first.To, rest.From = p.From+n, p.From+n
	return first, rest
}

// Table is parts one behind the other, as columns: prices as ticks as long as all are held so, which
// takes half the room, else in USD. The order of prices is open, high, low, close. A table that is
// cleared keeps its room.
type Table struct {
	Symbols []string
	// Ends are where the parts end.
	Ends     []int
	Time     []int64
	IsFloats bool
	Ticks    [4][]int32
	Floats   [4][]float64
	Volume   []float64
}

// Clear takes everything out.
func (t *Table) Clear() {
	t.Symbols, t.Ends, t.Time, t.Volume, t.IsFloats = t.Symbols[:0], t.Ends[:0], t.Time[:0], t.Volume[:0], false
	for k := range t.Ticks {
		t.Ticks[k], t.Floats[k] = t.Ticks[k][:0], t.Floats[k][:0]
	}
}

// Add appends a part.
func (t *Table) Add(p Part) {
	v, lane := p.Item.Volume, p.Lane
	inBlock := max(0, min(p.To, v.Lengths[lane])-p.From)
	at := p.From*bars.Lanes + lane
	later := &bars.Series{}
	if v.Later[lane] != nil && p.To > v.Lengths[lane] {
		_, later = v.Later[lane].Split(max(0, p.From-v.Lengths[lane]))
		later, _ = later.Split(p.Len() - inBlock)
	}
	n := len(t.Time)
	t.Symbols = append(t.Symbols, v.Block.Symbols[lane])
	t.Ends = append(t.Ends, n+p.Len())
	t.Time = slices.Grow(t.Time, p.Len())[:n+p.Len()]
	t.Volume = slices.Grow(t.Volume, p.Len())[:n+p.Len()]
	time, volume := t.Time[n:], t.Volume[n:]
	for row := range inBlock {
		time[row] = v.Timeframe.FromColumn(v.Block.Day[at+row*bars.Lanes])
		volume[row] = v.Block.Volume[at+row*bars.Lanes]
	}
	copy(time[inBlock:], later.Time)
	copy(volume[inBlock:], later.Volume)
	if v.Block.Ticks == nil {
		t.toUSD()
	}
	behind := [4][]float64{later.Open, later.High, later.Low, later.Close}
	for k := range behind {
		switch {
		case v.Block.Ticks == nil:
			t.Floats[k] = pick(t.Floats[k], column(v.Block.Floats, k), at, inBlock)
		case t.IsFloats:
			for row := range inBlock {
				t.Floats[k] = append(t.Floats[k], float64(column(v.Block.Ticks, k)[at+row*bars.Lanes])/bars.TicksPerUnit)
			}
		default:
			t.Ticks[k] = pick(t.Ticks[k], column(v.Block.Ticks, k), at, inBlock)
			for _, price := range behind[k] {
				// Exact, since only prices on the grid stand behind a block of ticks.
				t.Ticks[k] = append(t.Ticks[k], int32(price*bars.TicksPerUnit+0.5))
			}
		}
		if t.IsFloats {
			t.Floats[k] = append(t.Floats[k], behind[k]...)
		}
	}
}

// toUSD turns the prices there are into USD.
func (t *Table) toUSD() {
	if t.IsFloats {
		return
	}
	t.IsFloats = true
	for k, ticks := range t.Ticks {
		t.Floats[k] = t.Floats[k][:0]
		for _, tick := range ticks {
			t.Floats[k] = append(t.Floats[k], float64(tick)/bars.TicksPerUnit)
		}
	}
}

// Doubts are what looks wrong in the bars and may be right. A symbol whose bars go on in another
// table is doubted in each for itself.
func (t *Table) Doubts(timeframe bars.Timeframe) []bars.Warning {
	var found []bars.Warning
	first := 0
	for i, symbol := range t.Symbols {
		end := t.Ends[i]
		if first < end && t.IsFloats {
			open, closing := t.Floats[0][first:end], t.Floats[3][first:end]
			found = append(found, bars.Doubts(symbol, timeframe, t.Time[first:end], open, closing, 1, t.Time[first], open[0])...)
		} else if first < end {
			open, closing := t.Ticks[0][first:end], t.Ticks[3][first:end]
			found = append(found, bars.Doubts(symbol, timeframe, t.Time[first:end], open, closing, bars.TicksPerUnit, t.Time[first], open[0])...)
		}
		first = end
	}
	return found
}

// column is the k-th of the prices, in the order of Table.
func column[P int32 | float64](prices *bars.Prices[P], k int) []P {
	return [4][]P{prices.Open, prices.High, prices.Low, prices.Close}[k]
}

// pick appends n rows of a lane, from at on.
func pick[P int32 | float64](to, block []P, at, n int) []P {
	to = slices.Grow(to, n)
	picked := to[len(to) : len(to)+n]
	for row := range picked {
		picked[row] = block[at]
		at += bars.Lanes
	}
	return to[:len(to)+n]
}
