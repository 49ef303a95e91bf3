package kernel

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkTicks(b *testing.B) {
	const n = 256
	random := rand.New(rand.NewPCG(1, 2))
	total := 8192
	mk := func() []int32 { return make([]int32, total*lanes) }
	c, h, l := mk(), mk(), mk()
	price := 500000
	for i := range c {
		price += random.IntN(20001) - 10000
		if price < 100000 {
			price = 500000
		}
		c[i] = int32(price)
		h[i] = int32(price + random.IntN(5000))
		l[i] = int32(price - random.IntN(5000))
	}
	zero := mk()
	rules := NewRules[int32](&Parameters{HighBaseMaxATRRatio: 2, HighBaseMinRSI: 60, LowBaseMinATRRatio: 0.5, LowBaseMaxRSI: 40, BullPullbackRSI: 45, BearRallyRSI: 55})
	for _, k := range []struct {
		name string
		f    Func[int32]
	}{{"scalar", scalar[int32]}, {"scalar advance", func(r *Rows[int32], s *State, u *Rules, w Words) { scalar(r, s, u, nil) }}, {"avx2", ticksByFour}, {"avx2 advance", func(r *Rows[int32], s *State, u *Rules, w Words) { ticksByFour(r, s, u, nil) }}} {
		b.Run(k.name, func(b *testing.B) {
			out := make(Words, 2*n)
			for b.Loop() {
				var s State
				for from := 200; from+n <= total; from += n {
					w := func(x []int32, back int) []int32 { return x[(from-back)*lanes : (from-back+n)*lanes] }
					rows := Rows[int32]{Close: w(c, 0), High: w(h, 0), Low: w(l, 0), OldFast: w(c, 50), OldSlow: w(c, 200), Base: w(zero, 0)}
					k.f(&rows, &s, rules, out)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64((total-200)/n*n*lanes), "ns/bar")
		})
	}
}
