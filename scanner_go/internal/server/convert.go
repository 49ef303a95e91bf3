package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"vst/scanner/internal/bars"
	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/scan"
)

func toJob(request *pb.ScanRequest) (*scan.Job, error) {
	if len(request.GetStrategies()) == 0 {
		return nil, errors.New("the request names no strategy")
	}
	var wanted uint8
	for _, named := range request.GetStrategies() {
		if named < pb.Strategy_STRATEGY_HIGH_BASE || named > pb.Strategy_STRATEGY_BEAR_RALLY {
			return nil, fmt.Errorf("unknown strategy %s", named)
		}
		wanted |= 1 << (named - 1)
	}
	parameters, err := toParameters(request.GetParameters())
	if err != nil {
		return nil, err
	}
	job := &scan.Job{
		Strategies: wanted, Parameters: parameters, StartDay: math.MinInt32, EndDay: math.MaxInt32,
		LastBarOnly: request.GetLastBarOnly(), Values: request.GetValues(), Resume: request.GetResume(),
	}
	if request.StartDay != nil {
		job.StartDay = request.GetStartDay()
	}
	if request.EndDay != nil {
		job.EndDay = request.GetEndDay()
	}
	return job, nil
}

func toParameters(message *pb.StrategyParameters) (kernel.Parameters, error) {
	parameters := kernel.Parameters{
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

func fromTimeframe(timeframe bars.Timeframe) pb.Timeframe {
	if timeframe == bars.Minute {
		return pb.Timeframe_TIMEFRAME_MINUTE
	}
	return pb.Timeframe_TIMEFRAME_DAILY
}

func toPolicy(policy pb.DoorPolicy) (bars.Policy, error) {
	switch policy {
	case pb.DoorPolicy_DOOR_POLICY_UNSPECIFIED, pb.DoorPolicy_DOOR_POLICY_REJECT:
		return bars.Reject, nil
	case pb.DoorPolicy_DOOR_POLICY_SKIP_BAR:
		return bars.SkipBar, nil
	}
	return 0, fmt.Errorf("unknown door policy %s", policy)
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

func int32s(column []byte) []int32 {
	values := make([]int32, len(column)/4)
	for i := range values {
		values[i] = int32(binary.LittleEndian.Uint32(column[4*i:]))
	}
	return values
}

func toErrors(faults []*bars.Error) []*pb.SymbolError {
	messages := make([]*pb.SymbolError, len(faults))
	for i, fault := range faults {
		messages[i] = &pb.SymbolError{Symbol: fault.Symbol, Error: fault.Reason, Day: fault.Day}
	}
	return messages
}

func toWarnings(warnings []bars.Warning) []*pb.SymbolWarning {
	messages := make([]*pb.SymbolWarning, len(warnings))
	for i, warning := range warnings {
		messages[i] = &pb.SymbolWarning{Symbol: warning.Symbol, Warning: warning.Text, Day: warning.Day}
	}
	return messages
}
