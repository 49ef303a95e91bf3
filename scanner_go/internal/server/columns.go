package server

import (
	"encoding/binary"
	"math"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/scan"
)

// encode writes the signals of one symbol as one run; signals of one bar share its row. The kinds
// of one bar come in ascending order.
func encode(symbol int, signals []scan.Signal, values bool) *pb.SignalColumns {
	if len(signals) == 0 {
		return nil
	}
	columns := &pb.SignalColumns{}
	order := binary.LittleEndian
	rows := 0
	for i := range signals {
		signal := &signals[i]
		bit := byte(1) << (signal.Kind - 1)
		if i > 0 && signals[i-1].Day == signal.Day && signals[i-1].Kind < signal.Kind {
			columns.Strategies[rows-1] |= bit
			continue
		}
		rows++
		columns.Strategies = append(columns.Strategies, bit)
		columns.Day = order.AppendUint32(columns.Day, uint32(signal.Day))
		if values {
			columns.Close = order.AppendUint64(columns.Close, math.Float64bits(signal.Close))
			columns.Atr = order.AppendUint64(columns.Atr, math.Float64bits(signal.ATR))
			columns.Rsi = order.AppendUint64(columns.Rsi, math.Float64bits(signal.RSI))
			columns.Sma50 = order.AppendUint64(columns.Sma50, math.Float64bits(signal.Fast))
			columns.Sma200 = order.AppendUint64(columns.Sma200, math.Float64bits(signal.Slow))
		}
	}
	columns.RunSymbol = order.AppendUint32(nil, uint32(symbol))
	columns.RunRows = order.AppendUint32(nil, uint32(rows))
	return columns
}

// joined lays columns end to end; parts may hold nil.
func joined(parts []*pb.SignalColumns) *pb.SignalColumns {
	whole := &pb.SignalColumns{}
	for _, part := range parts {
		whole.RunSymbol = append(whole.RunSymbol, part.GetRunSymbol()...)
		whole.RunRows = append(whole.RunRows, part.GetRunRows()...)
		whole.Day = append(whole.Day, part.GetDay()...)
		whole.Strategies = append(whole.Strategies, part.GetStrategies()...)
		whole.Close = append(whole.Close, part.GetClose()...)
		whole.Atr = append(whole.Atr, part.GetAtr()...)
		whole.Rsi = append(whole.Rsi, part.GetRsi()...)
		whole.Sma50 = append(whole.Sma50, part.GetSma50()...)
		whole.Sma200 = append(whole.Sma200, part.GetSma200()...)
	}
	return whole
}
