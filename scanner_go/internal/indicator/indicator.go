// Package indicator computes ATR(14), RSI(14), SMA(50) and SMA(200) in one streaming pass.
//
// The values are those of pandas-ta 0.4.71b0 with talib=False: RSI is seeded by the first
// change, ATR by the mean of the first 14 true ranges, both then smoothed after Wilder (1978).
package indicator

import "math"

// Lengths in bars.
const (
	WilderLength = 14
	FastLength   = 50
	SlowLength   = 200
)

const alpha = 1.0 / WilderLength

// Values are the indicators of one bar; NaN is not warmed up.
type Values struct {
	ATR, RSI, Fast, Slow float64
	// Trend is the sign of Fast - Slow in exact arithmetic where prices are exact; 0 is a tie
	// or not warmed up.
	Trend int
}

// Sums adds and removes closes without drift: on the tick grid they are exact integers, off it
// a Neumaier sum carries the lost bits.
type sums struct {
	value, lost float64
}

func (s *sums) add(x float64) {
	t := s.value + x
	if math.Abs(s.value) >= math.Abs(x) {
		s.lost += (s.value - t) + x
	} else {
		s.lost += (x - t) + s.value
	}
	s.value = t
}

func (s *sums) total() float64 { return s.value + s.lost }

// Pass is the state of one symbol. The zero value is ready; Next takes bar after bar.
type Pass struct {
	bar                int
	last               float64
	gain, loss         float64
	rangeSum, atr      float64
	fastInt, slowInt   int64
	fastSum, slowSum   sums
	ticks              []int64
	closes             []float64
	ticksPerUnit       float64
	fastUnit, slowUnit float64
}

// NewPass starts a pass over closes; ticks are the same closes as exact integers, or nil.
func NewPass(closes []float64, ticks []int64, ticksPerUnit float64) Pass {
	return Pass{
		ticks: ticks, closes: closes, ticksPerUnit: ticksPerUnit,
		fastUnit: FastLength * ticksPerUnit, slowUnit: SlowLength * ticksPerUnit,
	}
}

// Next takes the next bar and returns its indicators.
func (p *Pass) Next(high, low float64) Values {
	i := p.bar
	closing := p.closes[i]
	v := Values{ATR: math.NaN(), RSI: p.rsi(i, closing), Fast: math.NaN(), Slow: math.NaN()}
	v.ATR = p.trueRange(i, high, low)
	if p.ticks != nil {
		p.averageTicks(i, &v)
	} else {
		p.averageFloats(i, &v)
	}
	p.last = closing
	p.bar++
	return v
}

func (p *Pass) rsi(i int, closing float64) float64 {
	if i == 0 {
		return math.NaN()
	}
	change := closing - p.last
	gain, loss := math.Max(change, 0), math.Max(-change, 0)
	if i == 1 {
		p.gain, p.loss = gain, loss
	} else {
		p.gain = (1-alpha)*p.gain + alpha*gain
		p.loss = (1-alpha)*p.loss + alpha*loss
	}
	total := p.gain + p.loss
	if total == 0 {
		return math.NaN()
	}
	return 100 * p.gain / total
}

func (p *Pass) trueRange(i int, high, low float64) float64 {
	tr := high - low
	if i > 0 {
		tr = max(tr, math.Abs(high-p.last), math.Abs(low-p.last))
	}
	switch {
	case i < WilderLength-1:
		p.rangeSum += tr
		return math.NaN()
	case i == WilderLength-1:
		p.atr = (p.rangeSum + tr) / WilderLength
	default:
		p.atr = (1-alpha)*p.atr + alpha*tr
	}
	return p.atr
}

func (p *Pass) averageTicks(i int, v *Values) {
	t := p.ticks[i]
	p.fastInt += t
	p.slowInt += t
	if i >= FastLength {
		p.fastInt -= p.ticks[i-FastLength]
	}
	if i >= SlowLength {
		p.slowInt -= p.ticks[i-SlowLength]
	}
	if i >= FastLength-1 {
		v.Fast = float64(p.fastInt) / p.fastUnit
	}
	if i >= SlowLength-1 {
		v.Slow = float64(p.slowInt) / p.slowUnit
		const ratio = SlowLength / FastLength
		v.Trend = sign(ratio*p.fastInt - p.slowInt)
	}
}

func (p *Pass) averageFloats(i int, v *Values) {
	p.fastSum.add(p.closes[i])
	p.slowSum.add(p.closes[i])
	if i >= FastLength {
		p.fastSum.add(-p.closes[i-FastLength])
	}
	if i >= SlowLength {
		p.slowSum.add(-p.closes[i-SlowLength])
	}
	if i >= FastLength-1 {
		v.Fast = p.fastSum.total() / FastLength
	}
	if i >= SlowLength-1 {
		v.Slow = p.slowSum.total() / SlowLength
		switch {
		case v.Fast > v.Slow:
			v.Trend = 1
		case v.Fast < v.Slow:
			v.Trend = -1
		}
	}
}

func sign(x int64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
