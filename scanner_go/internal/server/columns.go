package server

import (
	"encoding/binary"
	"math"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/scan"
)

// encode writes the signals of one symbol as columns.
func encode(symbol int, signals []scan.Signal) *pb.SignalColumns {
	n := len(signals)
	columns := makeColumns(n)
	order := binary.LittleEndian
	for i := range signals {
		signal := &signals[i]
		order.PutUint32(columns.Symbol[4*i:], uint32(symbol))
		columns.Strategy[i] = byte(signal.Kind)
		order.PutUint32(columns.Day[4*i:], uint32(signal.Day))
		order.PutUint64(columns.Close[8*i:], math.Float64bits(signal.Close))
		order.PutUint64(columns.Atr[8*i:], math.Float64bits(signal.ATR))
		order.PutUint64(columns.Rsi[8*i:], math.Float64bits(signal.RSI))
		order.PutUint64(columns.Sma50[8*i:], math.Float64bits(signal.Fast))
		order.PutUint64(columns.Sma200[8*i:], math.Float64bits(signal.Slow))
	}
	return columns
}

// joined lays columns end to end; parts may hold nil.
func joined(parts []*pb.SignalColumns) *pb.SignalColumns {
	total := 0
	for _, part := range parts {
		total += len(part.GetStrategy())
	}
	whole := makeColumns(total)
	at := 0
	for _, part := range parts {
		copy(whole.Symbol[4*at:], part.GetSymbol())
		copy(whole.Strategy[at:], part.GetStrategy())
		copy(whole.Day[4*at:], part.GetDay())
		copy(whole.Close[8*at:], part.GetClose())
		copy(whole.Atr[8*at:], part.GetAtr())
		copy(whole.Rsi[8*at:], part.GetRsi())
		copy(whole.Sma50[8*at:], part.GetSma50())
		copy(whole.Sma200[8*at:], part.GetSma200())
		at += len(part.GetStrategy())
	}
	return whole
}

func makeColumns(n int) *pb.SignalColumns {
	return &pb.SignalColumns{
		Symbol: make([]byte, 4*n), Strategy: make([]byte, n), Day: make([]byte, 4*n),
		Close: make([]byte, 8*n), Atr: make([]byte, 8*n), Rsi: make([]byte, 8*n),
		Sma50: make([]byte, 8*n), Sma200: make([]byte, 8*n),
	}
}
