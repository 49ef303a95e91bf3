// Package strategy holds the four entry rules.
package strategy

import (
	"errors"
	"fmt"
	"math"
)

// Kind is one of the four strategies.
type Kind uint8

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

// Bar is what the rules look at. NaN is not warmed up, and passes no comparison.
type Bar struct {
	// Base is what the ATR ratio is measured from: zero, or the lowest low of the lookback.
	Close, Base, ATR, RSI float64
	// RSIBefore and TrendBefore are of the bar before; the trend is the sign of SMA50 - SMA200.
	RSIBefore   float64
	TrendBefore int
}

// Holds says whether the rule of kind holds on the bar.
func (p *Parameters) Holds(kind Kind, bar *Bar) bool {
	switch kind {
	case HighBase:
		return bar.RSI > p.HighBaseMinRSI && bar.ratio() > p.HighBaseMaxATRRatio
	case LowBase:
		return bar.RSI < p.LowBaseMaxRSI && bar.ratio() < p.LowBaseMinATRRatio
	case BullPullback:
		return bar.RSI > p.BullPullbackRSI && bar.RSIBefore < p.BullPullbackRSI && bar.TrendBefore > 0
	case BearRally:
		return bar.RSI < p.BearRallyRSI && bar.RSIBefore > p.BearRallyRSI && bar.TrendBefore < 0
	}
	return false
}

func (b *Bar) ratio() float64 { return (b.Close - b.Base) / b.ATR }
