package kernel

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkPass(b *testing.B) {
	const n = 32 * ChunkRows
	closes, highs, lows := market(rand.New(rand.NewPCG(1, 2)), n)
	whole := [3][]int32{ticks(closes), ticks(highs), ticks(lows)}
	for _, k := range kernels() {
		run := func(name string, pass func()) {
			b.Run(k.Name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					pass()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n-Slow)/lanes, "ns/bar")
			})
		}
		onTicks, onFloats := NewRules[int32](parameters()), NewRules[float64](parameters())
		run("ticks", func() { over(k.Ticks, onTicks, whole[0], whole[1], whole[2], ChunkRows, true) })
		run("ticks, averages only", func() { over(k.Ticks, onTicks, whole[0], whole[1], whole[2], ChunkRows, false) })
		run("floats", func() { over(k.Floats, onFloats, closes, highs, lows, ChunkRows, true) })
	}
}
