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

func toJob(request *pb.ScanRequest) (*scan.Job, error) {
	if len(request.GetStrategies()) == 0 {
		return nil, errors.New("the request names no strategy")
	}
	kinds := make([]strategy.Kind, 0, len(request.GetStrategies()))
	for _, named := range request.GetStrategies() {
		if named < pb.Strategy_STRATEGY_HIGH_BASE || named > pb.Strategy_STRATEGY_BEAR_RALLY {
			return nil, fmt.Errorf("unknown strategy %s", named)
		}
		kinds = append(kinds, strategy.Kind(named))
	}
	parameters, err := toParameters(request.GetParameters())
	if err != nil {
		return nil, err
	}
	timeframe, err := toTimeframe(request.GetTimeframe())
	if err != nil {
		return nil, err
	}
	job := &scan.Job{
		Symbols: request.GetSymbols(), Timeframe: timeframe, Kinds: kinds, Parameters: parameters,
		StartDay: math.MinInt32, EndDay: math.MaxInt32, LastBarOnly: request.GetLastBarOnly(),
	}
	if request.StartDay != nil {
		job.StartDay = request.GetStartDay()
	}
	if request.EndDay != nil {
		job.EndDay = request.GetEndDay()
	}
	return job, nil
}

func toParameters(message *pb.StrategyParameters) (strategy.Parameters, error) {
	parameters := strategy.Parameters{
		HighBaseMaxATRRatio: message.GetHighBaseMaxAtrRatio(),
		HighBaseMinRSI:      message.GetHighBaseMinRsi(),
		LowBaseMinATRRatio:  message.GetLowBaseMinAtrRatio(),
		LowBaseMaxRSI:       message.GetLowBaseMaxRsi(),
		BullPullbackRSI:     message.GetBullPullbackRsiThreshold(),
		BearRallyRSI:        message.GetBearRallyRsiThreshold(),
		BaseLookback:        int(message.GetBaseLookback()),
	}
	if message == nil {
		return parameters, errors.New("the request carries no strategy parameters")
	}
	switch base := message.GetAtrRatioBase(); base {
	case pb.AtrRatioBase_ATR_RATIO_BASE_ZERO:
	case pb.AtrRatioBase_ATR_RATIO_BASE_RANGE_LOW:
		parameters.RangeLow = true
	default:
		return parameters, fmt.Errorf("unknown atr_ratio_base %s", base)
	}
	return parameters, parameters.Check()
}

func toTimeframe(timeframe pb.Timeframe) (bars.Timeframe, error) {
	switch timeframe {
	case pb.Timeframe_TIMEFRAME_UNSPECIFIED, pb.Timeframe_TIMEFRAME_DAILY:
		return bars.Daily, nil
	case pb.Timeframe_TIMEFRAME_MINUTE:
		return bars.Minute, nil
	}
	return 0, fmt.Errorf("unknown timeframe %s", timeframe)
}

const valueBytes = 8

// toSeries reads the columns. Lengths are compared when the series is stored.
func toSeries(message *pb.SymbolBars, timeframe bars.Timeframe) (*bars.Series, *bars.Error) {
	for _, column := range [][]byte{
		message.GetTime(), message.GetOpen(), message.GetHigh(), message.GetLow(), message.GetClose(), message.GetVolume(),
	} {
		if len(column)%valueBytes != 0 {
			return nil, &bars.Error{Symbol: message.GetSymbol(), Reason: fmt.Sprintf("a column of %d bytes is not one of 8-byte values", len(column))}
		}
	}
	return &bars.Series{
		Symbol: message.GetSymbol(), Timeframe: timeframe,
		Time: int64s(message.GetTime()),
		Open: float64s(message.GetOpen()), High: float64s(message.GetHigh()),
		Low: float64s(message.GetLow()), Close: float64s(message.GetClose()),
		Volume: float64s(message.GetVolume()),
	}, nil
}

func int64s(column []byte) []int64 {
	values := make([]int64, len(column)/valueBytes)
	for i := range values {
		values[i] = int64(binary.LittleEndian.Uint64(column[valueBytes*i:]))
	}
	return values
}

func float64s(column []byte) []float64 {
	values := make([]float64, len(column)/valueBytes)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(column[valueBytes*i:]))
	}
	return values
}

func toError(fault *bars.Error) *pb.SymbolError {
	return &pb.SymbolError{Symbol: fault.Symbol, Error: fault.Reason, Day: fault.Day}
}
