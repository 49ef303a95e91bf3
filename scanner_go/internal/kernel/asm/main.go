// Command asm writes the kernel's AVX2 code: go run . -out ../avx2_amd64.s
//
// Each line is one of scalar's, done for four lanes at once. The two kernels differ in how a
// price is loaded (int32 ticks are widened) and in what keeps the sums of closes exact: whole
// ticks are, floats carry what rounding took along. Where nothing is decided, ticks stay integers
// until Wilder's averages, and all eight lanes go together.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets into State (a vector of eight float64 each) and into rules.wide (four float64 each).
const (
	stateField = 64
	wideField  = 32
)

// The order of rules.wide.
const (
	keep = iota
	smoothing
	leastRange
	highRatio
	lowRatio
	highRSI
	lowRSI
	bullRSI
	bearRSI
	slowByFast
)

// Comparisons of VCMPPD: ordered, false for NaN.
const (
	less    = U8(0x11)
	greater = U8(0x1e)
)

func main() {
	ConstraintExpr("amd64")
	kernel("avx2Ticks", true, true)
	kernel("avx2Floats", false, true)
	kernel("avx2AdvanceFloats", false, false)
	advance()
	slideAll()
	selection()
	Generate()
}

// kernel writes one function; without decide it moves the averages along and no more.
func kernel(name string, ticks, decide bool) {
	TEXT(name, NOSPLIT, "func(rows uintptr, state *float64, wide *float64, words *uint32, n int)")

	width := 4 // bytes of a price
	if !ticks {
		width = 8
	}
	rows, state := Load(Param("rows"), GP64()), Load(Param("state"), GP64())
	wide, out, n := Load(Param("wide"), GP64()), Load(Param("words"), GP64()), Load(Param("n"), GP64())
	column := func(i int) Register {
		pointer := GP64()
		MOVQ(Mem{Base: rows, Disp: 8 * i}, pointer)
		return pointer
	}
	closes, highs, lows := column(0), column(1), column(2)
	oldFasts, oldSlows := column(3), column(4)
	constant := func(i int) Mem { return Mem{Base: wide, Disp: wideField * i} }
	field := func(i int) Mem { return Mem{Base: state, Disp: stateField * i} }
	at := GP64()
	XORQ(at, at)
	load := func(pointer Register) VecVirtual {
		value, price := YMM(), Mem{Base: pointer, Index: at, Scale: 1}
		if ticks {
			VCVTDQ2PD(price, value)
		} else {
			VMOVUPD(price, value)
		}
		return value
	}

	kept := make([]VecVirtual, 8)
	for i := range kept {
		if i < 6 || !ticks {
			kept[i] = YMM()
			VMOVUPD(field(i), kept[i])
		}
	}
	last, gain, loss, spread, fast, slow := kept[0], kept[1], kept[2], kept[3], kept[4], kept[5]
	zero := YMM()
	VXORPD(zero, zero, zero)

	judge, arm := func(VecVirtual) {}, func() {}
	if decide {
		bases, bullArmed, bearArmed := column(5), YMM(), YMM()
		// arm decides for the next row: the trend, and on which side of its threshold the RSI is.
		arm = func() {
			trend, line := YMM(), YMM()
			VMULPD(constant(slowByFast), fast, trend)
			VSUBPD(slow, trend, trend)
			if !ticks {
				lost := YMM()
				VMULPD(constant(slowByFast), kept[6], lost)
				VSUBPD(kept[7], lost, lost)
				VADDPD(lost, trend, trend)
			}
			VMULPD(constant(bullRSI), loss, line)
			VCMPPD(less, line, gain, bullArmed)
			VMULPD(constant(bearRSI), loss, line)
			VCMPPD(greater, line, gain, bearArmed)
			VCMPPD(greater, zero, trend, line)
			VANDPD(line, bullArmed, bullArmed)
			VCMPPD(less, zero, trend, line)
			VANDPD(line, bearArmed, bearArmed)
		}
		judge = func(closing VecVirtual) {
			height := load(bases)
			VSUBPD(height, closing, height)
			line, isHigh, isLow, isBull, isBear := YMM(), YMM(), YMM(), YMM(), YMM()
			VMULPD(constant(highRatio), spread, line)
			VCMPPD(greater, line, height, isHigh)
			VMULPD(constant(highRSI), loss, line)
			VCMPPD(greater, line, gain, line)
			VANDPD(line, isHigh, isHigh)
			VMULPD(constant(lowRatio), spread, line)
			VCMPPD(less, line, height, isLow)
			VMULPD(constant(lowRSI), loss, line)
			VCMPPD(less, line, gain, line)
			VANDPD(line, isLow, isLow)
			VMULPD(constant(bullRSI), loss, line)
			VCMPPD(greater, line, gain, isBull)
			VANDPD(bullArmed, isBull, isBull)
			VMULPD(constant(bearRSI), loss, line)
			VCMPPD(less, line, gain, isBear)
			VANDPD(bearArmed, isBear, isBear)
			// Eight bytes a pair of strategies, then a bit a byte: the order that Words documents.
			VPACKSSDW(isLow, isHigh, isHigh)
			VPACKSSDW(isBear, isBull, isBull)
			VPACKSSWB(isBull, isHigh, isHigh)
			bits := GP32()
			VPMOVMSKB(isHigh, bits)
			MOVL(bits, Mem{Base: out})
			ADDQ(Imm(8), out)
		}
	}
	arm()

	Label("row")
	closing := load(closes)
	change, rise := YMM(), YMM()
	VSUBPD(last, closing, change)
	VMAXPD(zero, change, rise)
	VMULPD(constant(keep), gain, gain)
	VADDPD(rise, gain, gain)
	VSUBPD(change, rise, rise)
	VMULPD(constant(keep), loss, loss)
	VADDPD(rise, loss, loss)
	high, low := load(highs), load(lows)
	VMAXPD(last, high, high)
	VMINPD(last, low, low)
	VSUBPD(low, high, high)
	VMAXPD(constant(leastRange), high, high)
	VMULPD(constant(smoothing), spread, spread)
	VADDPD(high, spread, spread)
	VMOVAPD(closing, last)

	judge(closing)
	slide(load(oldFasts), closing, fast, kept[6], ticks)
	slide(load(oldSlows), closing, slow, kept[7], ticks)
	arm()
	ADDQ(Imm(uint64(8*width)), at)
	DECQ(n)
	JNZ(LabelRef("row"))

	for i, value := range kept {
		if value != nil {
			VMOVUPD(value, field(i))
		}
	}
	VZEROUPPER()
	RET()
}

// advance writes avx2AdvanceTicks: Wilder's averages alone. Changes and true ranges of ticks are
// whole and fit an int32.
func advance() {
	TEXT("avx2AdvanceTicks", NOSPLIT, "func(rows uintptr, state *float64, wide *float64, n int)")
	rows, state := Load(Param("rows"), GP64()), Load(Param("state"), GP64())
	wide, n := Load(Param("wide"), GP64()), Load(Param("n"), GP64())
	at := GP64()
	XORQ(at, at)
	price := func(column int) Mem {
		pointer := GP64()
		MOVQ(Mem{Base: rows, Disp: 8 * column}, pointer)
		return Mem{Base: pointer, Index: at, Scale: 1}
	}
	closes, highs, lows := price(0), price(1), price(2)
	constant := func(i int) VecVirtual {
		value := YMM()
		VMOVUPD(Mem{Base: wide, Disp: wideField * i}, value)
		return value
	}
	decay, smooth, least, zero := constant(keep), constant(smoothing), constant(leastRange), YMM()
	VPXOR(zero, zero, zero)
	const closed, gains, losses, spreads = 0, 1, 2, 3
	field := func(i, side int) Mem { return Mem{Base: state, Disp: stateField*i + stateField/2*side} }
	var averages [4][2]VecVirtual
	for i := gains; i <= spreads; i++ {
		for side := range 2 {
			averages[i][side] = YMM()
			VMOVUPD(field(i, side), averages[i][side])
		}
	}
	last, upper := YMM(), XMM()
	VCVTPD2DQY(field(closed, 0), last.AsX())
	VCVTPD2DQY(field(closed, 1), upper)
	VINSERTI128(Imm(1), upper, last, last)
	halves := func(whole VecVirtual, do func(side int, value VecVirtual)) {
		value := YMM()
		VCVTDQ2PD(whole.AsX(), value)
		do(0, value)
		high := YMM()
		VEXTRACTI128(Imm(1), whole, high.AsX())
		VCVTDQ2PD(high.AsX(), high)
		do(1, high)
	}
	decayed := func(which int, by VecVirtual) func(int, VecVirtual) {
		return func(side int, value VecVirtual) {
			VMULPD(by, averages[which][side], averages[which][side])
			VADDPD(value, averages[which][side], averages[which][side])
		}
	}

	Label("row")
	closing, change, rise, high, low := YMM(), YMM(), YMM(), YMM(), YMM()
	VMOVDQU(closes, closing)
	VPSUBD(last, closing, change)
	VPMAXSD(zero, change, rise)
	VPSUBD(change, rise, change)
	VPMAXSD(highs, last, high)
	VPMINSD(lows, last, low)
	VPSUBD(low, high, high)
	VMOVDQA(closing, last)
	halves(rise, decayed(gains, decay))
	halves(change, decayed(losses, decay))
	widen := decayed(spreads, smooth)
	halves(high, func(side int, value VecVirtual) {
		VMAXPD(least, value, value)
		widen(side, value)
	})
	ADDQ(Imm(32), at)
	DECQ(n)
	JNZ(LabelRef("row"))

	halves(last, func(side int, value VecVirtual) { VMOVUPD(value, field(closed, side)) })
	for i := gains; i <= spreads; i++ {
		for side, value := range averages[i] {
			VMOVUPD(value, field(i, side))
		}
	}
	VZEROUPPER()
	RET()
}

// slideAll writes avx2SlideTicks: rows of closes put into sums, and as many taken out.
func slideAll() {
	TEXT("avx2SlideTicks", NOSPLIT, "func(newest *int32, oldest *int32, sums *float64, n int)")
	newest, oldest := Load(Param("newest"), GP64()), Load(Param("oldest"), GP64())
	sums, n := Load(Param("sums"), GP64()), Load(Param("n"), GP64())
	at := GP64()
	XORQ(at, at)
	low, high := YMM(), YMM()
	VMOVUPD(Mem{Base: sums}, low)
	VMOVUPD(Mem{Base: sums, Disp: 32}, high)
	Label("row")
	change, part := YMM(), YMM()
	VMOVDQU(Mem{Base: newest, Index: at, Scale: 1}, change)
	VPSUBD(Mem{Base: oldest, Index: at, Scale: 1}, change, change)
	VCVTDQ2PD(change.AsX(), part)
	VADDPD(part, low, low)
	VEXTRACTI128(Imm(1), change, part.AsX())
	VCVTDQ2PD(part.AsX(), part)
	VADDPD(part, high, high)
	ADDQ(Imm(32), at)
	DECQ(n)
	JNZ(LabelRef("row"))
	VMOVUPD(low, Mem{Base: sums})
	VMOVUPD(high, Mem{Base: sums, Disp: 32})
	VZEROUPPER()
	RET()
}

// slide puts the newest close into a sum and takes the oldest out, as scalar's add does.
func slide(oldest, newest, sum, lost VecVirtual, ticks bool) {
	if ticks {
		VSUBPD(oldest, newest, oldest)
		VADDPD(oldest, sum, sum)
		return
	}
	total, part, kept := YMM(), YMM(), YMM()
	VADDPD(newest, sum, total)
	VSUBPD(sum, total, part)
	VSUBPD(part, total, kept)
	VSUBPD(kept, sum, kept)
	VSUBPD(part, newest, part)
	VADDPD(part, kept, kept)
	VADDPD(kept, lost, lost)
	VSUBPD(oldest, total, sum)
	VSUBPD(total, sum, part)
	VSUBPD(part, sum, kept)
	VSUBPD(kept, total, kept)
	VADDPD(part, oldest, part)
	VSUBPD(part, kept, kept)
	VADDPD(kept, lost, lost)
}

// selection writes avx2Select: eight rows of one lane at a time are brought together, gathered
// into four bits each, and those with any are moved to the front by a table of permutations.
func selection() {
	TEXT("avx2Select", NOSPLIT, "func(words *uint32, n int, by uint64, allowed uint32, front *[256][8]uint32, found *uint32) int")
	words, n := Load(Param("words"), GP64()), Load(Param("n"), GP64())
	front, found := Load(Param("front"), GP64()), Load(Param("found"), GP64())
	start := GP64()
	MOVQ(found, start)
	by := XMM()
	MOVQ(Load(Param("by"), GP64()), by)
	spread := func(value Op) VecVirtual {
		low, all := XMM(), YMM()
		MOVD(value, low)
		VPBROADCASTD(low, all)
		return all
	}
	constant := func(value uint32) VecVirtual {
		register := GP32()
		MOVL(U32(value), register)
		return spread(register)
	}
	allowed, strategies, step := spread(Load(Param("allowed"), GP32())), constant(0x1111), constant(8<<4)
	zero, rows := YMM(), YMM()
	VPXOR(zero, zero, zero)
	numbers := GLOBL("numbers", RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(i<<4))
	}
	VMOVDQU(numbers, rows)

	Label("eight")
	bits, more := YMM(), YMM()
	VMOVDQU(Mem{Base: words}, bits)
	VMOVDQU(Mem{Base: words, Disp: 32}, more)
	VSHUFPS(U8(0x88), more, bits, bits)
	VPERMQ(U8(0xd8), bits, bits)
	VPSRLD(by, bits, bits)
	VPAND(strategies, bits, bits)
	signals, shifted := YMM(), YMM()
	VPSRLD(U8(3), bits, signals)
	VPOR(bits, signals, signals)
	VPSRLD(U8(6), bits, shifted)
	VPOR(shifted, signals, signals)
	VPSRLD(U8(9), bits, shifted)
	VPOR(shifted, signals, signals)
	VPAND(allowed, signals, signals)
	VPCMPEQD(zero, signals, shifted)
	VPOR(rows, signals, signals)
	VPADDD(step, rows, rows)
	which, count := GP32(), GP64()
	VMOVMSKPS(shifted, which)
	XORL(U32(0xff), which)
	XORQ(count, count)
	POPCNTL(which, count.As32())
	SHLQ(Imm(5), which.As64())
	order := YMM()
	VMOVDQU(Mem{Base: front, Index: which.As64(), Scale: 1}, order)
	VPERMD(signals, order, signals)
	VMOVDQU(signals, Mem{Base: found})
	LEAQ(Mem{Base: found, Index: count, Scale: 4}, found)
	ADDQ(Imm(64), words)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("eight"))
	SUBQ(start, found)
	SHRQ(Imm(2), found)
	Store(found, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
