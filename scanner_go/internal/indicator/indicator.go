// Package indicator computes ATR(14), RSI(14), SMA(50) and SMA(200) in one streaming pass.
//
// The values are those of pandas-ta 0.4.71b0 with talib=False: RSI is seeded by the first
// change, ATR by the mean of the first 14 true ranges, both then smoothed after Wilder (1978).
package indicator

import (
	"math"

	"vst/scanner/internal/bars"
)

// Lengths in bars.
const (
	WilderLength = 14
	FastLength   = 50
	SlowLength   = 200
)

const (
	alpha = 1.0 / WilderLength
	keep  = 1 - alpha
	// leastBars is how long a series must be to have an ATR or RSI at all.
	leastBars = WilderLength + 1
	// leastRange stands in for a true range of zero, as in the reference.
	leastRange = 0x1p-52
)

// Pass is the state of one pass over a series. It starts before the first bar.
type Pass struct {
	series     *bars.Series
	bar        int
	last       float64
	gain, loss float64
	atr        float64
	ticks      tickSums
	floats     floatSums
}

// NewPass starts a pass.
func NewPass(series *bars.Series) Pass { return Pass{series: series, bar: -1} }

// Advance takes the next bar. There must be one.
func (p *Pass) Advance() {
	p.bar++
	i, s := p.bar, p.series
	closing := s.Close[i]
	p.smooth(i, closing, s.High[i], s.Low[i])
	p.last = closing
	if s.Ticks != nil {
		p.ticks.take(s.Ticks, i)
	} else {
		p.floats.take(s.Close, i)
	}
}

func (p *Pass) smooth(i int, closing, high, low float64) {
	if i > 0 {
		change := closing - p.last
		size := math.Abs(change)
		// Both halves are exact, and there is no branch to mispredict.
		gain, loss := 0.5*(size+change), 0.5*(size-change)
		if i == 1 {
			p.gain, p.loss = gain, loss
		} else {
			p.gain = keep*p.gain + alpha*gain
			p.loss = keep*p.loss + alpha*loss
		}
		high, low = max(high, p.last), min(low, p.last)
	}
	trueRange := max(high-low, leastRange)
	switch {
	case i >= WilderLength:
		p.atr = keep*p.atr + alpha*trueRange
	case i < WilderLength-1:
		p.atr += trueRange
	default:
		p.atr = (p.atr + trueRange) / WilderLength
	}
}

// ATR is the average true range in USD, NaN while it is not warmed up.
func (p *Pass) ATR() float64 {
	if p.bar < WilderLength-1 || len(p.series.Close) < leastBars {
		return math.NaN()
	}
	return p.atr
}

// RSI is the relative strength index, 0 to 100; NaN at the first bar and while there was neither
// a gain nor a loss.
func (p *Pass) RSI() float64 {
	if len(p.series.Close) < leastBars {
		return math.NaN()
	}
	// 0/0 is NaN.
	return 100 * p.gain / (p.gain + p.loss)
}

// Fast is the average close of 50 bars in USD, NaN while it is not warmed up.
func (p *Pass) Fast() float64 {
	switch {
	case p.bar < FastLength-1:
		return math.NaN()
	case p.series.Ticks != nil:
		return float64(p.ticks.fast) / (FastLength * bars.TicksPerUnit)
	}
	return p.floats.fast.total() / FastLength
}

// Slow is the average close of 200 bars in USD, NaN while it is not warmed up.
func (p *Pass) Slow() float64 {
	switch {
	case p.bar < SlowLength-1:
		return math.NaN()
	case p.series.Ticks != nil:
		return float64(p.ticks.slow) / (SlowLength * bars.TicksPerUnit)
	}
	return p.floats.slow.total() / SlowLength
}

// Trend is the sign of Fast - Slow in exact arithmetic; 0 is a tie or not warmed up.
func (p *Pass) Trend() int {
	const ratio = SlowLength / FastLength
	switch {
	case p.bar < SlowLength-1:
		return 0
	case p.series.Ticks != nil:
		return sign(ratio*p.ticks.fast - p.ticks.slow)
	}
	fast, slow := &p.floats.fast, &p.floats.slow
	return sign((ratio*fast.value - slow.value) + (ratio*fast.lost - slow.lost))
}

func sign[T int64 | float64](x T) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
