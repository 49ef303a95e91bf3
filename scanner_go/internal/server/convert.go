package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

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
	startDay, endDay := int64(math.MinInt64), int64(math.MaxInt64)
	if request.StartDay != nil {
		startDay = int64(request.GetStartDay())
	}
	if request.EndDay != nil {
		endDay = int64(request.GetEndDay())
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
		StartDay:       startDay,
		EndDay:         endDay,
		MaxConcurrency: maxConcurrency,
	}, nil
}

func toTimeframe(timeframe pb.Timeframe) bars.Timeframe {
	if timeframe == pb.Timeframe_TIMEFRAME_MINUTE {
		return bars.Minute
	}
	return bars.Daily
}

// toSeries reads the columns; a width that does not fit, or columns of different lengths, are
// refused like a bad bar.
func toSeries(message *pb.SymbolBars) (*bars.Series, *bars.BarError) {
	series := &bars.Series{Symbol: message.GetSymbol(), Timeframe: toTimeframe(message.GetTimeframe())}
	for _, column := range [][]byte{
		message.GetTime(), message.GetOpen(), message.GetHigh(), message.GetLow(), message.GetClose(), message.GetVolume(),
	} {
		if len(column)%8 != 0 || len(column) != len(message.GetTime()) {
			return nil, &bars.BarError{Symbol: series.Symbol, Reason: fmt.Sprintf("columns of %d and %d bytes do not fit", len(message.GetTime()), len(column))}
		}
	}
	series.Time = int64s(message.GetTime())
	series.Open = float64s(message.GetOpen())
	series.High = float64s(message.GetHigh())
	series.Low = float64s(message.GetLow())
	series.Close = float64s(message.GetClose())
	series.Volume = float64s(message.GetVolume())
	return series, nil
}

func int64s(column []byte) []int64 {
	values := make([]int64, len(column)/8)
	for i := range values {
		values[i] = int64(binary.LittleEndian.Uint64(column[8*i:]))
	}
	return values
}

func float64s(column []byte) []float64 {
	values := make([]float64, len(column)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(column[8*i:]))
	}
	return values
}

func toError(refused *bars.BarError) *pb.SymbolError {
	answer := &pb.SymbolError{Symbol: refused.Symbol, Error: refused.Reason}
	if refused.Day != 0 {
		answer.Day = &refused.Day
	}
	return answer
}

func addSignals(columns *pb.SignalColumns, outcome scan.Outcome) {
	order := binary.LittleEndian
	for i := range outcome.Signals {
		signal := &outcome.Signals[i]
		columns.Symbol = order.AppendUint32(columns.Symbol, uint32(outcome.Index))
		columns.Strategy = append(columns.Strategy, byte(signal.Kind))
		columns.Day = order.AppendUint32(columns.Day, uint32(signal.Day))
		columns.Close = order.AppendUint64(columns.Close, math.Float64bits(signal.Close))
		columns.Atr = order.AppendUint64(columns.Atr, math.Float64bits(signal.ATR))
		columns.Rsi = order.AppendUint64(columns.Rsi, math.Float64bits(signal.RSI))
		columns.Sma50 = order.AppendUint64(columns.Sma50, math.Float64bits(signal.Fast))
		columns.Sma200 = order.AppendUint64(columns.Sma200, math.Float64bits(signal.Slow))
	}
}
