// Package kernel passes over a block of eight interleaved symbols, bar after bar, keeping RSI(14),
// ATR(14), SMA(50) and SMA(200) and deciding the four entry rules.
//
// The indicators are pandas-ta's (0.4.71b0, talib=False): RSI seeded by the first change, ATR by
// the mean of the first 14 true ranges, both smoothed after Wilder, New Concepts in Technical
// Trading Systems (1978). Averages are kept as sums and no rule divides: RSI > t is
// gain > t/(100-t) x loss, (close-base)/ATR > k is close-base > k/14 x range, and SMA50 > SMA200 is
// 4 x sum50 > sum200, exact where prices are whole ticks.
//
// There is one signature and two implementations: scalar, in plain Go, and avx2, four symbols at a
// time in code that asm/main.go writes. A test holds them equal to the last bit.
package kernel

import (
	"fmt"

	"vst/scanner/internal/bars"
)

// Lengths in bars.
const (
	Wilder = 14
	Fast   = 50
	Slow   = 200
)

const (
	lanes      = bars.Lanes
	half       = lanes / 2
	slowByFast = Slow / Fast
)

// leastRange stands in for a true range of zero, in USD, as in the reference.
const leastRange = 0x1p-52

// Price is how a block holds prices: ticks or USD.
type Price interface{ int32 | float64 }

// State is what is left of eight symbols after a bar. Gain, Loss and Range are 14 times Wilder's
// averages, Fast and Slow the sums of closes, in the unit of the prices; the two Lost are what
// rounding took from the sums, always 0 over ticks.
type State struct {
	Close, Gain, Loss, Range, Fast, Slow, FastLost, SlowLost [lanes]float64
}

// Rows are consecutive bars to pass over, Lanes values each. OldFast and OldSlow are the closes 50
// and 200 bars earlier, which leave the sums; zeros while the sums still grow. Base is what the
// ATR ratio is measured from.
type Rows[P Price] struct {
	Close, High, Low, OldFast, OldSlow, Base []P
}

// Words are the decisions, two words a row: lanes 0-3, then 4-7. Bits 4k and 4k+1 of a word hold
// strategy k of its first lane, 4k+2 and 4k+3 that of its second; 16 bits up stand the third and
// the fourth.
type Words []uint32

// Signals are the strategies that hold in a lane of a row, bit k for strategy k.
func (w Words) Signals(row, lane int) uint8 {
	bits := w[2*row+lane/half] >> shift(lane) & 0x1111
	return uint8(bits * 0x1248 >> 12 & 0xf)
}

// Found is a row with signals: its number, and the strategies that hold in its lowest four bits.
type Found uint32

// Row is the number of the row.
func (f Found) Row() int { return int(f >> 4) }

// Signals are the strategies that hold, bit k for strategy k.
func (f Found) Signals() uint8 { return uint8(f & 0xf) }

// Selector writes the rows where an allowed strategy holds in a lane to found, which has room for
// every row and eight more, and returns how many they are. A word stands behind the words.
type Selector func(words Words, lane int, allowed uint8, found []Found) int

// selectRows is the plain selector.
func selectRows(words Words, lane int, allowed uint8, found []Found) int {
	return selectFrom(words, 0, lane, allowed, found)
}

func selectFrom(words Words, row, lane int, allowed uint8, found []Found) int {
	n := len(words) / 2
	if row == n {
		return 0
	}
	words, by := words[lane/half:], shift(lane)
	found = found[:n-row]
	count := 0
	for ; row < n; row++ {
		signals := words[2*row] >> by & 0x1111 * 0x1248 >> 12 & 0xf & uint32(allowed)
		// Written in any case and kept only with a signal: no branch to mispredict.
		found[count] = Found(uint32(row)<<4 | signals)
		count += int((signals + 0xf) >> 4)
	}
	return count
}

func shift(lane int) int { return lane%half/2*16 + lane%2*2 }

// ChunkRows is the most that is passed over at once: what stays near, in the second cache, between
// the passes over a row's lanes.
const ChunkRows = 1024

// Func passes over the rows, at most ChunkRows, which continue those that state is left by. words
// has two words a row; with nil nothing is decided, and Base is not looked at.
type Func[P Price] func(rows *Rows[P], state *State, rules *Rules, words Words)

// Kernel is one implementation for both kinds of prices.
type Kernel struct {
	// Name is the instruction set.
	Name   string
	Ticks  Func[int32]
	Floats Func[float64]
	Select Selector
}

// Scalar runs everywhere.
var Scalar = Kernel{Name: "scalar", Ticks: scalar[int32], Floats: scalar[float64], Select: selectRows}

// Choose returns the kernel of that name: scalar, or auto for the fastest that this processor has.
func Choose(name string) (Kernel, error) {
	switch name {
	case "auto", "":
		return fastest(), nil
	case "scalar":
		return Scalar, nil
	}
	return Kernel{}, fmt.Errorf("unknown kernel %q: use auto or scalar", name)
}

// Start is the state after the first bar of each lane.
func Start[P Price](closes, highs, lows []P, rules *Rules) State {
	var s State
	for lane := range lanes {
		s.Close[lane] = float64(closes[lane])
		s.Range[lane] = max(float64(highs[lane]-lows[lane]), rules.of(leastRangeOf))
	}
	s.Fast, s.Slow = s.Close, s.Close
	return s
}

// Seed turns the first change, just passed, into the seed of the RSI.
func (s *State) Seed() {
	for lane := range lanes {
		s.Gain[lane] *= Wilder
		s.Loss[lane] *= Wilder
	}
}

// CopyLane takes one lane over.
func (s *State) CopyLane(from *State, lane int) {
	s.Close[lane], s.Gain[lane], s.Loss[lane], s.Range[lane] = from.Close[lane], from.Gain[lane], from.Loss[lane], from.Range[lane]
	s.Fast[lane], s.Slow[lane] = from.Fast[lane], from.Slow[lane]
	s.FastLost[lane], s.SlowLost[lane] = from.FastLost[lane], from.SlowLost[lane]
}

// RSI of a lane, 0 to 100; NaN while there was neither a gain nor a loss.
func (s *State) RSI(lane int) float64 {
	return 100 * s.Gain[lane] / (s.Gain[lane] + s.Loss[lane])
}

// ATR of a lane in the unit of the prices.
func (s *State) ATR(lane int) float64 { return s.Range[lane] / Wilder }

// SMAs of a lane in the unit of the prices.
func (s *State) SMAs(lane int) (fast, slow float64) {
	return (s.Fast[lane] + s.FastLost[lane]) / Fast, (s.Slow[lane] + s.SlowLost[lane]) / Slow
}
