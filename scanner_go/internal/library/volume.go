// Package library holds the bars that are scanned, eight symbols to a volume.
package library

import (
	"sort"
	"sync"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
)

const minutesPerDay = 1440

// Volume is a block and the bars that came behind it since. It never changes, but for its Memo.
type Volume struct {
	Block *bars.Block
	// Lengths are how many of the block's bars count, by lane; 0 is a lane without symbol.
	Lengths [bars.Lanes]int
	// Later are the bars behind those; nil is none. Only lanes of kernel.Slow bars have any.
	Later     [bars.Lanes]*bars.Series
	Timeframe bars.Timeframe
	Memo      *Memo
}

// Memo is what the last whole scan left of a volume: the state of each lane after its first Bars
// bars, all but the last one.
type Memo struct {
	mu    sync.Mutex
	known bool
	state kernel.State
	bars  [bars.Lanes]int
}

// Recall fills in what is remembered, if anything.
func (m *Memo) Recall(state *kernel.State, after *[bars.Lanes]int) (known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*state, *after = m.state, m.bars
	return m.known
}

// Keep remembers.
func (m *Memo) Keep(state *kernel.State, after *[bars.Lanes]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.bars, m.known = *state, *after, true
}

func newVolume(block *bars.Block, timeframe bars.Timeframe) *Volume {
	return &Volume{Block: block, Lengths: block.Lengths, Timeframe: timeframe, Memo: &Memo{}}
}

// Len is the number of bars of a lane.
func (v *Volume) Len(lane int) int {
	if later := v.Later[lane]; later != nil {
		return v.Lengths[lane] + len(later.Time)
	}
	return v.Lengths[lane]
}

// Stamp is the time of bar i of a lane as the block's Day column has it.
func (v *Volume) Stamp(lane, i int) int32 {
	if n := v.Lengths[lane]; i >= n {
		return int32(v.Timeframe.ToColumn(v.Later[lane].Time[i-n]))
	}
	return v.Block.Day[i*bars.Lanes+lane]
}

// DayOf is the day of a stamp, in days since 1970-01-01.
func (v *Volume) DayOf(stamp int32) int32 {
	if v.Timeframe == bars.Minute {
		return int32(floorDiv(int64(stamp), minutesPerDay))
	}
	return stamp
}

// Day is the day of bar i of a lane.
func (v *Volume) Day(lane, i int) int32 { return v.DayOf(v.Stamp(lane, i)) }

// time is that of bar i of a lane, in the unit of bars.Series.
func (v *Volume) time(lane, i int) int64 { return v.Timeframe.FromColumn(v.Stamp(lane, i)) }

// closing is the close of bar i of a lane.
func (v *Volume) closing(lane, i int) float64 {
	at := i*bars.Lanes + lane
	switch n := v.Lengths[lane]; {
	case i >= n:
		return v.Later[lane].Close[i-n]
	case v.Block.Ticks != nil:
		return float64(v.Block.Ticks.Close[at]) / bars.TicksPerUnit
	default:
		return v.Block.Floats.Close[at]
	}
}

// Between returns the range of a lane's bars on the days from start to end, both included.
func (v *Volume) Between(lane int, start, end int32) (from, to int) {
	n := v.Len(lane)
	from = sort.Search(n, func(i int) bool { return v.Day(lane, i) >= start })
	return from, max(from, sort.Search(n, func(i int) bool { return v.Day(lane, i) > end }))
}

// series takes the bars of a lane from start to end (inclusive, in the unit of bars.Series) out
// as columns of their own.
func (v *Volume) series(lane int, start, end int64) *bars.Series {
	n := v.Len(lane)
	from := sort.Search(n, func(i int) bool { return v.time(lane, i) >= start })
	to := max(from, sort.Search(n, func(i int) bool { return v.time(lane, i) > end }))
	s := bars.MakeSeries(v.Block.Symbols[lane], v.Timeframe, to-from)
	inBlock := max(0, min(to, v.Lengths[lane])-from)
	for row := range inBlock {
		at := (from+row)*bars.Lanes + lane
		s.Time[row], s.Volume[row] = v.Timeframe.FromColumn(v.Block.Day[at]), v.Block.Volume[at]
	}
	if p := v.Block.Ticks; p != nil {
		lift(s, p, from*bars.Lanes+lane, inBlock, bars.TicksPerUnit)
	} else {
		lift(s, v.Block.Floats, from*bars.Lanes+lane, inBlock, 1)
	}
	if later := v.Later[lane]; later != nil && to > v.Lengths[lane] {
		first := max(0, from-v.Lengths[lane])
		s.CopyFrom(inBlock, later, first, to-v.Lengths[lane])
	}
	return s
}

func lift[P kernel.Price](s *bars.Series, prices *bars.Prices[P], at, n int, unit float64) {
	for row := range n {
		s.Open[row], s.High[row] = float64(prices.Open[at])/unit, float64(prices.High[at])/unit
		s.Low[row], s.Close[row] = float64(prices.Low[at])/unit, float64(prices.Close[at])/unit
		at += bars.Lanes
	}
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a+1)/b - 1
	}
	return a / b
}
