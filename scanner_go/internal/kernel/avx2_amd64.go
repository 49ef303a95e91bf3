package kernel

import "golang.org/x/sys/cpu"

var avx2 = Kernel{Name: "avx2", Ticks: ticksByFour, Floats: floatsByFour, Select: selectByEight}

func fastest() Kernel {
	if cpu.X86.HasAVX2 {
		return avx2
	}
	return Scalar
}

// columns points to the first value of each column of Rows.
type columns[P Price] struct{ close, high, low, oldFast, oldSlow, base *P }

func ticksByFour(rows *Rows[int32], state *State, rules *Rules, words Words) {
	n := len(rows.Close) / lanes
	switch {
	case words != nil:
		byFour(avx2Ticks, rows, state, rules, words)
	case n > 0:
		end := n * lanes
		from := columns[int32]{close: &rows.Close[0], high: &rows.High[:end][0], low: &rows.Low[:end][0]}
		avx2AdvanceTicks(&from, &state.Close[0], &rules.wide[0][0], n)
		for _, sum := range []struct {
			of     *[lanes]float64
			oldest []int32
			length int
		}{{&state.Fast, rows.OldFast, Fast}, {&state.Slow, rows.OldSlow, Slow}} {
			newest, oldest := ends(rows.Close, sum.oldest, n, sum.length)
			avx2SlideTicks(&newest[0], &oldest[0], &sum.of[0], len(newest)/lanes)
		}
	}
}

func floatsByFour(rows *Rows[float64], state *State, rules *Rules, words Words) {
	if words == nil {
		byFour(avx2AdvanceFloats, rows, state, rules, nil)
	} else {
		byFour(avx2Floats, rows, state, rules, words)
	}
}

// byFour passes twice, over the lower and the upper four lanes of each row.
func byFour[P Price](pass func(*columns[P], *float64, *float64, *uint32, int), rows *Rows[P], state *State, rules *Rules, words Words) {
	n := len(rows.Close) / lanes
	if n == 0 {
		return
	}
	for side := range 2 {
		first, end := side*half, n*lanes
		from := columns[P]{
			close: &rows.Close[:end][first], high: &rows.High[:end][first], low: &rows.Low[:end][first],
			oldFast: &rows.OldFast[:end][first], oldSlow: &rows.OldSlow[:end][first],
		}
		var word *uint32
		if words != nil {
			from.base, word = &rows.Base[:end][first], &words[:2*n][side]
		}
		pass(&from, &state.Close[first], &rules.wide[0][0], word, n)
	}
}

// front moves the lanes whose bits are set in the index to the front, in order.
var front = func() (table [256][8]uint32) {
	for bits := range table {
		at := 0
		for lane := range uint32(8) {
			if bits>>lane&1 == 1 {
				table[bits][at] = lane
				at++
			}
		}
	}
	return table
}()

func selectByEight(words Words, lane int, allowed uint8, found []Found) int {
	n := len(words) / 2
	eights, count := n&^7, 0
	if eights > 0 {
		_, _ = words[:2*n+1], found[n+7]
		count = avx2Select(&words[lane/half], eights, uint64(shift(lane)), uint32(allowed), &front, &found[0])
	}
	return count + selectFrom(words, eights, lane, allowed, found[count:])
}

//go:noescape
func avx2Select(words *uint32, n int, by uint64, allowed uint32, front *[256][8]uint32, found *Found) int

//go:noescape
func avx2Ticks(rows *columns[int32], state, wide *float64, words *uint32, n int)

//go:noescape
func avx2Floats(rows *columns[float64], state, wide *float64, words *uint32, n int)

//go:noescape
func avx2AdvanceTicks(rows *columns[int32], state, wide *float64, n int)

//go:noescape
func avx2SlideTicks(newest, oldest *int32, sums *float64, n int)

//go:noescape
func avx2AdvanceFloats(rows *columns[float64], state, wide *float64, words *uint32, n int)
