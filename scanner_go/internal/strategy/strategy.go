// Package strategy holds the four entry rules.
package strategy

import (
	"errors"
	"fmt"
	"math"

	"vst/scanner/internal/indicator"
)

// Kind is one of the four strategies.
type Kind int32

// The strategies, numbered as in the contract.
const (
	HighBase Kind = iota + 1
	LowBase
	BullPullback
	BearRally
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
	for name, value := range map[string]float64{
		"high_base_max_atr_ratio": p.HighBaseMaxATRRatio, "high_base_min_rsi": p.HighBaseMinRSI,
		"low_base_min_atr_ratio": p.LowBaseMinATRRatio, "low_base_max_rsi": p.LowBaseMaxRSI,
		"bull_pullback_rsi_threshold": p.BullPullbackRSI, "bear_rally_rsi_threshold": p.BearRallyRSI,
	} {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("%s is not a finite number", name)
		}
	}
	if p.RangeLow && p.BaseLookback < 1 {
		return errors.New("base_lookback must be at least 1")
	}
	return nil
}

// Bar is what a rule looks at. Low is the base: zero, or the lowest low of the lookback (NaN
// while the lookback is not full).
type Bar struct {
	Close, Low float64
	indicator.Values
}

// Holds says whether the rule of kind holds on now; NaN never passes a comparison.
func Holds(kind Kind, p *Parameters, before, now *Bar) bool {
	switch kind {
	case HighBase:
		return (now.Close-now.Low)/now.ATR > p.HighBaseMaxATRRatio && now.RSI > p.HighBaseMinRSI
	case LowBase:
		return (now.Close-now.Low)/now.ATR < p.LowBaseMinATRRatio && now.RSI < p.LowBaseMaxRSI
	case BullPullback:
		return before.Trend > 0 && before.RSI < p.BullPullbackRSI && now.RSI > p.BullPullbackRSI
	case BearRally:
		return before.Trend < 0 && before.RSI > p.BearRallyRSI && now.RSI < p.BearRallyRSI
	}
	return false
}
