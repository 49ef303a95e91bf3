package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// kernels are those of this machine; the first is the witness.
func kernels() []Kernel {
	found := []Kernel{Scalar}
	if best := fastest(); best.Name != Scalar.Name {
		found = append(found, best)
	}
	return found
}

func parameters() *Parameters {
	return &Parameters{
		HighBaseMaxATRRatio: 2, HighBaseMinRSI: 60, LowBaseMinATRRatio: 0.5, LowBaseMaxRSI: 40,
		BullPullbackRSI: 45, BearRallyRSI: 55, BaseLookback: 20,
	}
}

// market is n rows of random walks that now and then stand still, jump or fall to a fraction.
func market(random *rand.Rand, n int) (closes, highs, lows []float64) {
	closes, highs, lows = make([]float64, n*lanes), make([]float64, n*lanes), make([]float64, n*lanes)
	var price [lanes]float64
	for lane := range price {
		price[lane] = math.Round(10_000 * math.Exp(8*random.Float64()))
	}
	for i := range closes {
		lane := i % lanes
		switch random.IntN(40) {
		case 0:
			price[lane] = max(1, math.Round(price[lane]*math.Exp(3*random.NormFloat64())))
		case 1, 2, 3, 4, 5:
		default:
			price[lane] = math.Round(price[lane] * (1 + 0.02*random.NormFloat64()))
		}
		price[lane] = min(max(price[lane], 1), 1<<30)
		closes[i] = price[lane]
		highs[i] = price[lane] + float64(random.IntN(500))
		lows[i] = max(1, price[lane]-float64(random.IntN(500)))
	}
	return closes, highs, lows
}

func ticks(values []float64) []int32 {
	whole := make([]int32, len(values))
	for i, value := range values {
		whole[i] = int32(value)
	}
	return whole
}

// over passes over the market chunk by chunk and returns the decisions and the state at the end.
func over[P Price](pass Func[P], rules *Rules, closes, highs, lows []P, chunk int, decide bool) (Words, State) {
	n := len(closes) / lanes
	zeros := make([]P, ChunkRows*lanes)
	state := Start(closes, highs, lows, rules)
	words := make(Words, 2*n)
	for row := Slow; row < n; {
		next := min(row+chunk, n)
		cut := func(column []P, back int) []P { return column[(row-back)*lanes : (next-back)*lanes] }
		rows := Rows[P]{
			Close: cut(closes, 0), High: cut(highs, 0), Low: cut(lows, 0),
			OldFast: cut(closes, Fast), OldSlow: cut(closes, Slow), Base: zeros[:(next-row)*lanes],
		}
		var to Words
		if decide {
			to = words[2*row : 2*next]
		}
		pass(&rows, &state, rules, to)
		row = next
	}
	return words, state
}

func TestEveryKernelEqualsTheScalarOneToTheLastBit(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		closes, highs, lows := market(random, 900)
		p := parameters()
		p.HighBaseMinRSI, p.LowBaseMaxRSI = 100*random.Float64(), float64(random.IntN(101))
		p.BullPullbackRSI, p.BearRallyRSI = 100*random.Float64(), float64(random.IntN(101))
		p.HighBaseMaxATRRatio, p.LowBaseMinATRRatio = 40*random.Float64(), 40*random.Float64()
		chunk := 1 + random.IntN(ChunkRows)
		compare(t, fmt.Sprint("ticks, seed ", seed), func(k Kernel) Func[int32] { return k.Ticks }, NewRules[int32](p),
			ticks(closes), ticks(highs), ticks(lows), chunk)
		for i := range closes {
			closes[i], highs[i], lows[i] = closes[i]/7, highs[i]/7, lows[i]/7
		}
		compare(t, fmt.Sprint("floats, seed ", seed), func(k Kernel) Func[float64] { return k.Floats }, NewRules[float64](p),
			closes, highs, lows, chunk)
	}
}

func compare[P Price](t *testing.T, name string, of func(Kernel) Func[P], rules *Rules, closes, highs, lows []P, chunk int) {
	t.Helper()
	want, wantState := over(of(Scalar), rules, closes, highs, lows, ChunkRows, true)
	signals := 0
	for _, word := range want {
		if word != 0 {
			signals++
		}
	}
	if signals == 0 {
		t.Fatalf("%s: nothing to compare", name)
	}
	for _, k := range kernels() {
		words, state := over(of(k), rules, closes, highs, lows, chunk, true)
		for i := range words {
			if words[i] != want[i] {
				t.Fatalf("%s: %s decides %#x in row %d, scalar %#x", name, k.Name, words[i], i/2, want[i])
			}
		}
		if state != wantState {
			t.Fatalf("%s: %s ends in %+v, scalar in %+v", name, k.Name, state, wantState)
		}
		if _, state := over(of(k), rules, closes, highs, lows, chunk, false); state != wantState {
			t.Fatalf("%s: %s without deciding ends in %+v, scalar in %+v", name, k.Name, state, wantState)
		}
	}
}

func TestSumsStayExactThroughACollapse(t *testing.T) {
	const n = 2000
	random := rand.New(rand.NewPCG(3, 3))
	closes := make([]float64, n*lanes)
	for i := range closes {
		closes[i] = 1e6 * (1 + random.Float64()) / 3
		if i >= 1000*lanes {
			closes[i] /= 1e8
		}
	}
	rules := NewRules[float64](parameters())
	for _, k := range kernels() {
		// The first 200 rows are not passed over by over(): their sums are taken here.
		_, state := over(k.Floats, rules, closes, closes, closes, ChunkRows, true)
		for lane := range lanes {
			want := 0.0
			for row := n - Slow; row < n; row++ {
				want += closes[row*lanes+lane]
			}
			first := 0.0
			for row := 1; row < Slow; row++ {
				first += closes[row*lanes+lane]
			}
			_, slow := state.SMAs(lane)
			// Start has the first close only: what was never added is taken out all the same.
			if got := slow*Slow + first; math.Abs(got-want) > 1e-6*first {
				t.Errorf("%s, lane %d: the sum of the last 200 is %g, want %g", k.Name, lane, got, want)
			}
		}
	}
}

func TestSignalsAreReadWhereTheKernelsWriteThem(t *testing.T) {
	for lane := range lanes {
		for strategy := range 4 {
			words := make(Words, 2)
			words[lane/half] = 3 << (shift(lane) + 4*strategy)
			for other := range lanes {
				want := uint8(0)
				if other == lane {
					want = 1 << strategy
				}
				if got := words.Signals(0, other); got != want {
					t.Errorf("strategy %d of lane %d is read as %b in lane %d", strategy, lane, got, other)
				}
			}
		}
	}
}

func TestSelectKeepsTheRowsWithASignalThatIsAllowed(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	selected := 0
	for _, n := range []int{0, 1, 7, 8, 9, 16, 100, ChunkRows} {
		room := make(Words, 2*n+1)
		for i := range n * lanes {
			if random.IntN(3) == 0 {
				room[2*(i/lanes)+i%lanes/half] |= 3 << (shift(i%lanes) + 4*random.IntN(4))
			}
		}
		words := room[:2*n]
		for lane := range lanes {
			for allowed := range uint8(16) {
				var want []Found
				for row := range n {
					if signals := words.Signals(row, lane) & allowed; signals != 0 {
						want = append(want, Found(row<<4)|Found(signals))
					}
				}
				for _, k := range kernels() {
					found := make([]Found, n+8)
					count := k.Select(words, lane, allowed, found)
					if !slices.Equal(found[:count], want) {
						t.Fatalf("%s, %d rows, lane %d, allowed %b: %v, want %v", k.Name, n, lane, allowed, found[:count], want)
					}
					selected += count
				}
			}
		}
	}
	if selected == 0 {
		t.Error("nothing was selected")
	}
}

func TestChooseKnowsItsKernels(t *testing.T) {
	if k, err := Choose("scalar"); err != nil || k.Name != "scalar" {
		t.Errorf("scalar is %s, %v", k.Name, err)
	}
	if k, err := Choose("auto"); err != nil || k.Name != fastest().Name {
		t.Errorf("auto is %s, %v", k.Name, err)
	}
	if _, err := Choose("quantum"); err == nil {
		t.Error("an unknown kernel was chosen")
	}
}

func TestThresholdsThatAreNoNumbersAreRefused(t *testing.T) {
	for _, spoil := range []func(*Parameters){
		func(p *Parameters) { p.HighBaseMinRSI = math.NaN() },
		func(p *Parameters) { p.LowBaseMinATRRatio = math.Inf(1) },
		func(p *Parameters) { p.RangeLow, p.BaseLookback = true, 0 },
	} {
		p := parameters()
		spoil(p)
		if p.Check() == nil {
			t.Errorf("%+v passed", p)
		}
	}
	if err := parameters().Check(); err != nil {
		t.Error(err)
	}
}
