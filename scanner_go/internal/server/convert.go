package server

import (
	"errors"
	"fmt"

	"vst/scanner/internal/bars"
	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/scan"
	"vst/scanner/internal/strategy"
)

func toJob(request *pb.ScanRequest, maxConcurrency int) (*scan.Job, error) {
	parameters := request.GetParameters()
	if parameters == nil {
		return nil, errors.New("the request carries no strategy parameters")
	}
	if len(request.GetStrategies()) == 0 {
		return nil, errors.New("the request names no strategy")
	}
	kinds := make([]strategy.Kind, 0, len(request.GetStrategies()))
	for _, named := range request.GetStrategies() {
		kind := strategy.Kind(named)
		if kind < strategy.HighBase || kind > strategy.BearRally {
			return nil, fmt.Errorf("unknown strategy %s", named)
		}
		kinds = append(kinds, kind)
	}
	base := parameters.GetAtrRatioBase()
	if base != pb.AtrRatioBase_ATR_RATIO_BASE_ZERO && base != pb.AtrRatioBase_ATR_RATIO_BASE_RANGE_LOW {
		return nil, fmt.Errorf("unknown base of the ATR ratio %s", base)
	}
	return &scan.Job{
		Symbols: request.GetSymbols(),
		Kinds:   kinds,
		Parameters: strategy.Parameters{
			HighBaseMaxATRRatio: parameters.GetHighBaseMaxAtrRatio(),
			HighBaseMinRSI:      parameters.GetHighBaseMinRsi(),
			LowBaseMinATRRatio:  parameters.GetLowBaseMinAtrRatio(),
			LowBaseMaxRSI:       parameters.GetLowBaseMaxRsi(),
			BullPullbackRSI:     parameters.GetBullPullbackRsiThreshold(),
			BearRallyRSI:        parameters.GetBearRallyRsiThreshold(),
			RangeLow:            base == pb.AtrRatioBase_ATR_RATIO_BASE_RANGE_LOW,
			BaseLookback:        int(parameters.GetBaseLookback()),
		},
		LastBarOnly:    request.GetLastBarOnly(),
		StartDay:       int64(request.GetStartDay()),
		EndDay:         int64(request.GetEndDay()),
		MaxConcurrency: maxConcurrency,
	}, nil
}

func toTimeframe(timeframe pb.Timeframe) bars.Timeframe {
	if timeframe == pb.Timeframe_TIMEFRAME_MINUTE {
		return bars.Minute
	}
	return bars.Daily
}

func toSeries(message *pb.SymbolBars) *bars.Series {
	return &bars.Series{
		Symbol:    message.GetSymbol(),
		Timeframe: toTimeframe(message.GetTimeframe()),
		Time:      message.GetTime(),
		Open:      message.GetOpen(),
		High:      message.GetHigh(),
		Low:       message.GetLow(),
		Close:     message.GetClose(),
		Volume:    message.GetVolume(),
	}
}

func toError(refused *bars.BarError) *pb.SymbolError {
	return &pb.SymbolError{Symbol: refused.Symbol, Error: refused.Reason, Day: refused.Day}
}

func addSignals(columns *pb.SignalColumns, outcome scan.Outcome) {
	for i := range outcome.Signals {
		signal := &outcome.Signals[i]
		columns.Symbol = append(columns.Symbol, uint32(outcome.Index))
		columns.Strategy = append(columns.Strategy, pb.Strategy(signal.Kind))
		columns.Day = append(columns.Day, signal.Day)
		columns.Close = append(columns.Close, signal.Close)
		columns.Atr = append(columns.Atr, signal.ATR)
		columns.Rsi = append(columns.Rsi, signal.RSI)
		columns.Sma50 = append(columns.Sma50, signal.Fast)
		columns.Sma200 = append(columns.Sma200, signal.Slow)
	}
}
