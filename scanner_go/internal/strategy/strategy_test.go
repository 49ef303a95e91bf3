package strategy

import (
	"math"
	"testing"
)

func defaults() Parameters {
	return Parameters{
		HighBaseMaxATRRatio: 2, HighBaseMinRSI: 60, LowBaseMinATRRatio: 0.5, LowBaseMaxRSI: 40,
		BullPullbackRSI: 45, BearRallyRSI: 55, BaseLookback: 20,
	}
}

func TestRules(t *testing.T) {
	nan := math.NaN()
	cases := []struct {
		name string
		bar  Bar
		want map[Kind]bool
	}{
		{"far above its base and strong", Bar{Close: 10, ATR: 4, RSI: 61}, map[Kind]bool{HighBase: true}},
		{"ratio at the threshold", Bar{Close: 8, ATR: 4, RSI: 61}, nil},
		{"strength at the threshold", Bar{Close: 10, ATR: 4, RSI: 60}, nil},
		{"near the base of its range and weak", Bar{Close: 10, Base: 9, ATR: 4, RSI: 39}, map[Kind]bool{LowBase: true}},
		{"low ratio at the threshold", Bar{Close: 10, Base: 8, ATR: 4, RSI: 39}, nil},
		{"weakness at the threshold", Bar{Close: 10, Base: 9, ATR: 4, RSI: 40}, nil},
		{"up-trend, strength crosses up", Bar{Close: 10, ATR: 9, RSI: 46, RSIBefore: 44, TrendBefore: 1}, map[Kind]bool{BullPullback: true}},
		{"tie, strength crosses up", Bar{Close: 10, ATR: 9, RSI: 46, RSIBefore: 44}, nil},
		{"down-trend, strength crosses up", Bar{Close: 10, ATR: 9, RSI: 46, RSIBefore: 44, TrendBefore: -1}, nil},
		{"up-trend, strength was at the threshold", Bar{Close: 10, ATR: 9, RSI: 46, RSIBefore: 45, TrendBefore: 1}, nil},
		{"up-trend, strength is at the threshold", Bar{Close: 10, ATR: 9, RSI: 45, RSIBefore: 44, TrendBefore: 1}, nil},
		{"down-trend, strength crosses down", Bar{Close: 10, ATR: 9, RSI: 54, RSIBefore: 56, TrendBefore: -1}, map[Kind]bool{BearRally: true}},
		{"tie, strength crosses down", Bar{Close: 10, ATR: 9, RSI: 54, RSIBefore: 56}, nil},
		{"up-trend, strength crosses down", Bar{Close: 10, ATR: 9, RSI: 54, RSIBefore: 56, TrendBefore: 1}, nil},
		{"range not warmed up", Bar{Close: 10, ATR: nan, RSI: 61}, nil},
		{"strength not warmed up", Bar{Close: 10, ATR: 4, RSI: nan, RSIBefore: nan, TrendBefore: 1}, nil},
		{"base not warmed up", Bar{Close: 10, Base: nan, ATR: 4, RSI: 61}, nil},
		{"base not warmed up, weak", Bar{Close: 10, Base: nan, ATR: 4, RSI: 20}, nil},
	}
	parameters := defaults()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for kind := HighBase; kind <= BearRally; kind++ {
				if got := parameters.Holds(kind, &c.bar); got != c.want[kind] {
					t.Errorf("strategy %d: %v, want %v", kind, got, c.want[kind])
				}
			}
		})
	}
}

func TestParametersThatCannotBeMeant(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(*Parameters)
		want  string
	}{
		{"as they come", func(*Parameters) {}, ""},
		{"no number", func(p *Parameters) { p.LowBaseMaxRSI = math.NaN() }, "low_base_max_rsi is not a finite number"},
		{"infinite", func(p *Parameters) { p.HighBaseMaxATRRatio = math.Inf(1) }, "high_base_max_atr_ratio is not a finite number"},
		{"no lookback", func(p *Parameters) { p.RangeLow, p.BaseLookback = true, 0 }, "base_lookback must be at least 1"},
		{"no lookback where none is needed", func(p *Parameters) { p.BaseLookback = 0 }, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			parameters := defaults()
			c.spoil(&parameters)
			got := ""
			if err := parameters.Check(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
