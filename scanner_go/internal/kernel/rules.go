package kernel

import (
	"errors"
	"fmt"
	"math"

	"vst/scanner/internal/bars"
)

// Parameters are the thresholds, by the keys of the settings group "strategy".
type Parameters struct {
	HighBaseMaxATRRatio, HighBaseMinRSI float64
	LowBaseMinATRRatio, LowBaseMaxRSI   float64
	BullPullbackRSI, BearRallyRSI       float64
	// RangeLow measures the ATR ratio from the lowest low of BaseLookback bars, not from zero.
	RangeLow     bool
	BaseLookback int
}

// Check refuses thresholds that are no numbers and a lookback below 1.
func (p Parameters) Check() error {
	for _, threshold := range []struct {
		name  string
		value float64
	}{
		{"high_base_max_atr_ratio", p.HighBaseMaxATRRatio},
		{"high_base_min_rsi", p.HighBaseMinRSI},
		{"low_base_min_atr_ratio", p.LowBaseMinATRRatio},
		{"low_base_max_rsi", p.LowBaseMaxRSI},
		{"bull_pullback_rsi_threshold", p.BullPullbackRSI},
		{"bear_rally_rsi_threshold", p.BearRallyRSI},
	} {
		if math.IsNaN(threshold.value) || math.IsInf(threshold.value, 0) {
			return fmt.Errorf("%s is not a finite number", threshold.name)
		}
	}
	if p.RangeLow && p.BaseLookback < 1 {
		return errors.New("base_lookback must be at least 1")
	}
	return nil
}

// What rules.wide holds, in the order that asm/main.go knows too.
const (
	keepOf = iota
	smoothingOf
	leastRangeOf
	highRatioOf
	lowRatioOf
	highRSIOf
	lowRSIOf
	bullRSIOf
	bearRSIOf
	slowByFastOf
	constants
)

const keep = float64(Wilder-1) / Wilder

// Rules are the thresholds as the kernels compare them, each four times over for avx2.
type Rules struct{ wide [constants][half]float64 }

// NewRules prepares the rules for prices of P.
func NewRules[P Price](p *Parameters) *Rules {
	least := leastRange
	if _, ticks := any(P(0)).(int32); ticks {
		least *= bars.TicksPerUnit
	}
	r := &Rules{}
	for i, value := range [constants]float64{
		keepOf: keep, smoothingOf: keep, leastRangeOf: least,
		highRatioOf: p.HighBaseMaxATRRatio / Wilder, lowRatioOf: p.LowBaseMinATRRatio / Wilder,
		highRSIOf: line(p.HighBaseMinRSI), lowRSIOf: line(p.LowBaseMaxRSI),
		bullRSIOf: line(p.BullPullbackRSI), bearRSIOf: line(p.BearRallyRSI),
		slowByFastOf: slowByFast,
	} {
		r.wide[i] = [half]float64{value, value, value, value}
	}
	return r
}

// Summing are the rules over the first 14 bars, where true ranges add up to their first average.
func (r *Rules) Summing() *Rules {
	summing := *r
	summing.wide[smoothingOf] = [half]float64{1, 1, 1, 1}
	return &summing
}

// line is gain over loss where the RSI is at the threshold.
func line(rsi float64) float64 { return rsi / (100 - rsi) }

func (r *Rules) of(constant int) float64 { return r.wide[constant][0] }
