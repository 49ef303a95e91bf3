package server

import (
	"encoding/binary"
	"math"
	"slices"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/scan"
)

// columns are signals of several parts, in the order they came.
type columns struct {
	runs       []scan.Run
	days       []int32
	strategies []byte
	values     []scan.Values
}

func (c *columns) add(part *scan.Part) {
	c.runs = append(c.runs, part.Runs...)
	c.days = append(c.days, part.Days...)
	c.strategies = append(c.strategies, part.Strategies...)
	c.values = append(c.values, part.Values...)
}

// ordered are the same signals in the order of their symbols' indices.
func (c *columns) ordered() *columns {
	type stretch struct {
		run  scan.Run
		from int
	}
	stretches := make([]stretch, len(c.runs))
	from := 0
	for i, run := range c.runs {
		stretches[i] = stretch{run, from}
		from += int(run.Rows)
	}
	slices.SortStableFunc(stretches, func(a, b stretch) int { return int(a.run.Index) - int(b.run.Index) })
	sorted := &columns{days: make([]int32, 0, len(c.days)), strategies: make([]byte, 0, len(c.strategies))}
	for _, s := range stretches {
		to := s.from + int(s.run.Rows)
		sorted.runs = append(sorted.runs, s.run)
		sorted.days = append(sorted.days, c.days[s.from:to]...)
		sorted.strategies = append(sorted.strategies, c.strategies[s.from:to]...)
		if len(c.values) > 0 {
			sorted.values = append(sorted.values, c.values[s.from:to]...)
		}
	}
	return sorted
}

// message writes the columns as the contract has them.
func (c *columns) message() *pb.SignalColumns {
	order := binary.LittleEndian
	message := &pb.SignalColumns{
		RunSymbol: make([]byte, 0, 4*len(c.runs)), RunRows: make([]byte, 0, 4*len(c.runs)),
		Day: make([]byte, 4*len(c.days)), Strategies: c.strategies,
	}
	for _, run := range c.runs {
		message.RunSymbol = order.AppendUint32(message.RunSymbol, run.Index)
		message.RunRows = order.AppendUint32(message.RunRows, run.Rows)
	}
	for i, day := range c.days {
		order.PutUint32(message.Day[4*i:], uint32(day))
	}
	float := func(of func(*scan.Values) float64) []byte {
		column := make([]byte, 8*len(c.values))
		for i := range c.values {
			order.PutUint64(column[8*i:], math.Float64bits(of(&c.values[i])))
		}
		return column
	}
	if len(c.values) > 0 {
		message.Close = float(func(v *scan.Values) float64 { return v.Close })
		message.Atr = float(func(v *scan.Values) float64 { return v.ATR })
		message.Rsi = float(func(v *scan.Values) float64 { return v.RSI })
		message.Sma50 = float(func(v *scan.Values) float64 { return v.Fast })
		message.Sma200 = float(func(v *scan.Values) float64 { return v.Slow })
	}
	return message
}
