package scan

import (
	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
)

// tail goes on behind the state's bars of each lane, which are past the warm-up, a row of all lanes
// at a time: few rows, or a memo would not have been used.
func (p *pass[P]) tail() {
	state, after := &p.state, &p.after
	count := 0
	for lane := range lanes {
		count = max(count, p.to[lane]-after[lane])
	}
	p.scratch.prepare()
	words := kernel.Words(p.words[:2])
	for step := range count {
		rows := p.scratch.row()
		for lane := range lanes {
			i := after[lane] + step
			if i >= p.to[lane] {
				continue
			}
			p.gather(&rows, lane, i)
			if i == p.volume.Len(lane)-1 {
				p.memo.CopyLane(state, lane)
				p.memoBars[lane] = i
			}
		}
		p.over(&rows, state, p.rules, words)
		for lane := range lanes {
			if i := after[lane] + step; i >= p.from[lane] && i < p.to[lane] {
				p.emitLater(state, words.Signals(0, lane)&p.allowed(lane, i), lane, i)
			}
		}
	}
}

func (p *pass[P]) emitLater(state *kernel.State, signals uint8, lane, i int) {
	if signals == 0 {
		return
	}
	found := &p.found[lane]
	day := p.volume.Day(lane, i)
	if len(found.Days) == 0 {
		found.Day = day
	}
	found.Days = append(found.Days, uint16(day-found.Day))
	found.Strategies = append(found.Strategies, signals)
	if p.job.Values {
		found.Values = append(found.Values, p.values(state, lane, i))
	}
}

// noBars are no later bars.
var noBars bars.Series

// gather fills the lane of a row with bar i.
func (p *pass[P]) gather(row *kernel.Rows[P], lane, i int) {
	later := p.volume.Later[lane]
	if later == nil {
		later = &noBars
	}
	row.Close[lane] = p.price(p.prices.Close, later.Close, lane, i)
	row.High[lane] = p.price(p.prices.High, later.High, lane, i)
	row.Low[lane] = p.price(p.prices.Low, later.Low, lane, i)
	row.OldFast[lane] = p.price(p.prices.Close, later.Close, lane, i-kernel.Fast)
	row.OldSlow[lane] = p.price(p.prices.Close, later.Close, lane, i-kernel.Slow)
	if p.job.Parameters.RangeLow {
		row.Base[lane] = row.Low[lane]
		for k := max(0, i-p.job.Parameters.BaseLookback+1); k < i; k++ {
			row.Base[lane] = min(row.Base[lane], p.price(p.prices.Low, later.Low, lane, k))
		}
	}
}

// price is one of bar i, from the block's column or from those behind it.
func (p *pass[P]) price(block []P, later []float64, lane, i int) P {
	n := p.volume.Lengths[lane]
	switch {
	case i < n:
		return block[i*lanes+lane]
	case p.unit == 1:
		return P(later[i-n])
	}
	// Exact, since only prices on the grid stand behind a block of ticks.
	return P(later[i-n]*p.unit + 0.5)
}
