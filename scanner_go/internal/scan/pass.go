package scan

import (
	"context"
	"math"
	"slices"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/library"
)

const (
	lanes = bars.Lanes
	// leastBars is how long a series must be to have an ATR or RSI at all, as in the reference.
	leastBars = kernel.Wilder + 1
	// checkRows is after how many rows a pass looks whether it was cancelled.
	checkRows = 4096
)

// Strategies by bit.
const (
	highBase uint8 = 1 << iota
	lowBase
	bullPullback
	bearRally
	bases     = highBase | lowBase
	pullbacks = bullPullback | bearRally
)

// pass goes over one volume: first over the block, all lanes at once, then over later bars.
type pass[P kernel.Price] struct {
	*worker
	item           *library.Item
	volume         *library.Volume
	prices         *bars.Prices[P]
	scratch        scratch[P]
	over           kernel.Func[P]
	rules, summing *kernel.Rules
	unit           float64
	// from and to bound the bars asked for by lane; a lane that is not asked for has none.
	from, to [lanes]int
	// state is each lane's after so many of its bars. It lives here: as a variable, whose address a
	// kernel gets, it would be allocated anew for each volume.
	state   kernel.State
	after   [lanes]int
	current kernel.State
	// memo is filled with the state before each lane's last bar.
	memo     kernel.State
	memoBars [lanes]int
	memoize  bool
}

// start prepares the pass for the item's volume; what it used before is used again.
func (p *pass[P]) start(w *worker, item *library.Item, prices *bars.Prices[P]) *pass[P] {
	p.worker, p.item, p.volume, p.prices = w, item, item.Volume, prices
	p.from, p.to = [lanes]int{}, [lanes]int{}
	for lane, index := range item.Index {
		if index < 0 {
			continue
		}
		if w.job.unbounded() {
			p.to[lane] = item.Volume.Len(lane)
		} else {
			p.from[lane], p.to[lane] = item.Volume.Between(lane, w.job.StartDay, w.job.EndDay)
		}
		if w.job.LastBarOnly {
			p.from[lane] = max(p.from[lane], p.to[lane]-1)
		}
	}
	return p
}

func (p *pass[P]) run(ctx context.Context) error {
	p.memoize = p.job.LastBarOnly && p.job.unbounded() && p.longEnough()
	if p.memoize && p.job.Resume {
		if p.volume.Memo.Recall(&p.state, &p.after) && p.fits() {
			p.tail()
			p.volume.Memo.Keep(&p.memo, &p.memoBars)
			return nil
		}
	}
	if err := p.block(ctx); err != nil {
		return err
	}
	p.tail()
	if p.memoize {
		p.volume.Memo.Keep(&p.memo, &p.memoBars)
	}
	return nil
}

// longEnough says whether every lane is asked for and past its warm-up, so that it can go on from
// a memo.
func (p *pass[P]) longEnough() bool {
	for lane, n := range p.volume.Lengths {
		if n > 0 && (n <= kernel.Slow || p.item.Index[lane] < 0) {
			return false
		}
	}
	return true
}

// fits says whether the memo is of bars that this volume has, the last one not among them.
func (p *pass[P]) fits() bool {
	for lane, n := range p.volume.Lengths {
		if n > 0 && (p.after[lane] <= kernel.Slow-1 || p.after[lane] >= p.volume.Len(lane)) {
			return false
		}
	}
	return true
}

// block passes over the block, up to the state of each lane after its bars there.
func (p *pass[P]) block(ctx context.Context) error {
	var ends [lanes]int
	last := 0
	stops := []int{1, 2, kernel.Wilder, kernel.Fast, kernel.Slow}
	for lane, length := range p.volume.Lengths {
		ends[lane] = min(p.to[lane], length)
		p.after[lane] = ends[lane]
		if ends[lane] == 0 {
			continue
		}
		last = max(last, ends[lane])
		stops = append(stops, ends[lane])
		stops = append(stops, p.from[lane])
	}
	p.state = kernel.State{}
	if last == 0 {
		return nil
	}
	slices.Sort(stops)
	current := &p.current
	for row := 0; row < last; {
		if row%checkRows == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for len(stops) > 0 && stops[0] <= row {
			stops = stops[1:]
		}
		decide := p.wanted(row, &ends)
		step := kernel.ChunkRows - row%kernel.ChunkRows
		if decide && p.job.Values {
			step = 1
		}
		next := min(row+step, last)
		if len(stops) > 0 {
			next = min(next, stops[0])
		}
		if p.memoize && decide {
			p.remember(current, row, &ends)
		}
		if row == 0 {
			*current = kernel.Start(p.prices.Close, p.prices.High, p.prices.Low, p.rules)
			clear(p.words[:2])
		} else {
			rules := p.rules
			if row < kernel.Wilder {
				rules = p.summing
			}
			var words kernel.Words
			if decide {
				words = p.words[:2*(next-row)]
			}
			rows := p.rows(row, next, decide)
			p.over(&rows, current, rules, words)
			if row == 1 {
				current.Seed()
			}
		}
		if decide {
			p.emit(current, row, next, &ends)
		}
		for lane, end := range ends {
			if end == next {
				p.state.CopyLane(current, lane)
			}
		}
		row = next
	}
	return nil
}

// wanted says whether a lane asks for the signals of the row.
func (p *pass[P]) wanted(row int, ends *[lanes]int) bool {
	for lane, end := range ends {
		if p.from[lane] <= row && row < end {
			return true
		}
	}
	return false
}

// remember keeps the state of the lanes whose last bar comes next.
func (p *pass[P]) remember(current *kernel.State, row int, ends *[lanes]int) {
	for lane, end := range ends {
		if row == end-1 && p.volume.Later[lane] == nil {
			p.memo.CopyLane(current, lane)
			p.memoBars[lane] = row
		}
	}
}

// rows are those of the block from row to next, which lie on one side of each stop.
func (p *pass[P]) rows(row, next int, decide bool) kernel.Rows[P] {
	cut := func(column []P, back int) []P {
		if row < back {
			return p.scratch.zeros[:(next-row)*lanes]
		}
		return column[(row-back)*lanes : (next-back)*lanes]
	}
	p.scratch.prepare()
	rows := kernel.Rows[P]{
		Close: cut(p.prices.Close, 0), High: cut(p.prices.High, 0), Low: cut(p.prices.Low, 0),
		OldFast: cut(p.prices.Close, kernel.Fast), OldSlow: cut(p.prices.Close, kernel.Slow),
		Base: p.scratch.zeros[:(next-row)*lanes],
	}
	if decide && p.job.Parameters.RangeLow {
		rows.Base = p.scratch.lowest(p.prices.Low, row, next, p.job.Parameters.BaseLookback)
	}
	return rows
}

// emit takes the decided rows of the lanes that asked for them.
func (p *pass[P]) emit(current *kernel.State, row, next int, ends *[lanes]int) {
	p.touch(row, next)
	for lane, end := range ends {
		from, to := max(row, p.from[lane]), min(next, end)
		if from >= to {
			continue
		}
		found := &p.found[lane]
		before := len(found.Days)
		// What is allowed changes at few rows only.
		for _, border := range p.plan.borders {
			if from < border && border < to {
				p.take(found, lane, from, border, row)
				from = border
			}
		}
		p.take(found, lane, from, to, row)
		if p.job.Values && len(found.Days) > before {
			found.Values = append(found.Values, p.values(current, lane, to-1))
		}
	}
}

// touch reads a value of each cache line of the rows' days, in order: the lanes then find them near,
// where their own leaps from signal to signal would wait for each.
func (p *pass[P]) touch(row, next int) {
	days := p.volume.Block.Day[row*lanes : next*lanes]
	for at := 0; at < len(days); at += 64 / 4 {
		p.touched += days[at]
	}
}

// take appends the rows of a lane that have a signal; the decisions begin with row first.
func (p *pass[P]) take(found *Run, lane, from, to, first int) {
	words := kernel.Words(p.words[2*(from-first) : 2*(to-first)])
	rows := p.selected[:p.kernel.Select(words, lane, p.allowed(lane, from), p.selected[:])]
	if len(rows) == 0 {
		return
	}
	n := len(found.Days)
	if n == 0 {
		found.Day = p.volume.Day(lane, from+rows[0].Row())
	}
	found.Days = slices.Grow(found.Days, len(rows))[:n+len(rows)]
	found.Strategies = slices.Grow(found.Strategies, len(rows))[:n+len(rows)]
	days, strategies := found.Days[n:], found.Strategies[n:]
	stamps := p.volume.Block.Day[from*lanes+lane:]
	for i, row := range rows {
		days[i], strategies[i] = uint16(stamps[row.Row()*lanes]-found.Day), row.Signals()
	}
	if p.volume.Timeframe == bars.Minute {
		for i, row := range rows {
			days[i] = uint16(p.volume.DayOf(stamps[row.Row()*lanes]) - found.Day)
		}
	}
}

// allowed are the wanted strategies that are warmed up on bar i of a lane.
func (p *pass[P]) allowed(lane, i int) uint8 {
	wanted := p.job.Strategies
	if i < kernel.Slow {
		wanted &^= pullbacks
		if i < kernel.Wilder-1 || p.volume.Len(lane) < leastBars {
			wanted = 0
		}
	}
	if p.job.Parameters.RangeLow && i < p.job.Parameters.BaseLookback-1 {
		wanted &^= bases
	}
	return wanted
}

// values are the indicators of a lane whose bar i was the last passed over.
func (p *pass[P]) values(state *kernel.State, lane, i int) Values {
	v := Values{Close: state.Close[lane] / p.unit, ATR: state.ATR(lane) / p.unit, RSI: state.RSI(lane)}
	if n := p.volume.Len(lane); n < leastBars {
		v.ATR, v.RSI = math.NaN(), math.NaN()
	}
	if i < kernel.Wilder-1 {
		v.ATR = math.NaN()
	}
	v.Fast, v.Slow = state.SMAs(lane)
	v.Fast, v.Slow = v.Fast/p.unit, v.Slow/p.unit
	if i < kernel.Fast-1 {
		v.Fast = math.NaN()
	}
	if i < kernel.Slow-1 {
		v.Slow = math.NaN()
	}
	return v
}
