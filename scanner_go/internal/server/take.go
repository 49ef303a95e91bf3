package server

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"vst/scanner/internal/bars"
	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/library"
	"vst/scanner/internal/store"
)

// intake takes bars through the door, into the library at once or into the bar store together.
type intake struct {
	library  *library.Library
	warnings []bars.Warning
	refused  map[string]*bars.Error
	order    []*bars.Error
	taken    map[string]int
	change   store.Change
	// where a symbol's series stands in the change.
	replaced, appended map[string]int
}

func (s *Server) intake() *intake {
	return &intake{
		library: s.library, refused: map[string]*bars.Error{}, taken: map[string]int{},
		replaced: map[string]int{}, appended: map[string]int{},
	}
}

// put takes one series.
func (in *intake) put(series *bars.Series, policy bars.Policy, add, keep bool) *bars.Error {
	warnings, fault := series.Admit(policy, in.before(series, add))
	in.warnings = append(in.warnings, warnings...)
	if fault != nil {
		in.refuse(series.Timeframe, fault)
		return fault
	}
	switch {
	case keep && in.refused[series.Symbol] != nil:
		fault = in.refused[series.Symbol]
	case keep:
		fault = in.collect(series, add)
	case add:
		fault = in.library.Append(series)
	default:
		in.library.Replace(series)
	}
	if fault != nil {
		in.refuse(series.Timeframe, fault)
		return fault
	}
	in.taken[series.Symbol] += len(series.Time)
	return nil
}

// before is the bar that a series to be appended will stand behind; nil for none.
func (in *intake) before(series *bars.Series, add bool) *bars.Bar {
	if !add || len(series.Time) == 0 {
		return nil
	}
	for _, part := range []struct {
		list   []*bars.Series
		places map[string]int
	}{{in.change.Append, in.appended}, {in.change.Replace, in.replaced}} {
		if at, ok := part.places[series.Symbol]; ok {
			if bar := part.list[at].LastBefore(series.Time[0]); bar != nil {
				return bar
			}
		}
	}
	return in.library.Last(series.Symbol, series.Timeframe, series.Time[0])
}

// extend takes a series that may overlap what is held of its symbol: bars before its first stay.
func (in *intake) extend(series *bars.Series, policy bars.Policy, keep bool) {
	if len(series.Time) > 0 {
		series = in.library.Before(series.Symbol, series.Timeframe, series.Time[0]).Behind(series)
	}
	in.put(series, policy, false, keep)
}

// fail notes that there is nothing new of a symbol; what is held of it stays.
func (in *intake) fail(fault *bars.Error) {
	in.refused[fault.Symbol] = fault
	in.order = append(in.order, fault)
}

func (in *intake) refuse(timeframe bars.Timeframe, fault *bars.Error) {
	if in.refused[fault.Symbol] == nil {
		in.refused[fault.Symbol] = fault
		in.order = append(in.order, fault)
	}
	delete(in.taken, fault.Symbol)
	in.library.Refuse(timeframe, fault)
}

// collect puts the series into the change; parts of one series are joined.
func (in *intake) collect(series *bars.Series, add bool) *bars.Error {
	if series.Timeframe != bars.Daily {
		return &bars.Error{Symbol: series.Symbol, Reason: "the bar store keeps daily bars only"}
	}
	list, places := &in.change.Replace, in.replaced
	if _, ok := in.replaced[series.Symbol]; add && !ok {
		list, places = &in.change.Append, in.appended
	}
	at, ok := places[series.Symbol]
	if !ok {
		places[series.Symbol] = len(*list)
		*list = append(*list, series)
		return nil
	}
	if !add {
		(*list)[at] = series
		return nil
	}
	whole, fault := (*list)[at].Join(series)
	if fault == nil {
		(*list)[at] = whole
	}
	return fault
}

// finish writes what is to be kept and answers.
func (in *intake) finish(ctx context.Context) (*pb.PutBarsResponse, error) {
	for _, list := range []*[]*bars.Series{&in.change.Replace, &in.change.Append} {
		kept := (*list)[:0]
		for _, series := range *list {
			if in.refused[series.Symbol] == nil {
				kept = append(kept, series)
			}
		}
		*list = kept
	}
	if len(in.change.Replace)+len(in.change.Append) > 0 {
		if err := in.library.Keep(ctx, in.change); err != nil {
			return nil, status.Error(codes.FailedPrecondition, err.Error())
		}
	}
	response := &pb.PutBarsResponse{
		Symbols: uint32(len(in.taken)), Errors: toErrors(in.order), Warnings: toWarnings(in.warnings),
	}
	for _, count := range in.taken {
		response.Bars += uint64(count)
	}
	return response, nil
}

// PutBars takes series after series; refused symbols are named in the answer, once each.
func (s *Server) PutBars(stream grpc.ClientStreamingServer[pb.SymbolBars, pb.PutBarsResponse]) error {
	in := s.intake()
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		timeframe, err := toTimeframe(message.GetTimeframe())
		if err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		policy, err := toPolicy(message.GetDoorPolicy())
		if err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		series, fault := toSeries(message, timeframe)
		if fault != nil {
			in.refuse(timeframe, fault)
			continue
		}
		in.put(series, policy, message.GetAppend(), message.GetKeep())
	}
	response, err := in.finish(stream.Context())
	if err != nil {
		return err
	}
	return stream.SendAndClose(response)
}

// PutLatest takes the newest daily bar of each symbol.
func (s *Server) PutLatest(ctx context.Context, message *pb.LatestBars) (*pb.PutBarsResponse, error) {
	n := len(message.GetSymbols())
	if len(message.GetDay()) != 4*n {
		return nil, status.Error(codes.InvalidArgument, fmt.Sprintf("%d symbols and %d bytes of days", n, len(message.GetDay())))
	}
	prices := [5][]byte{message.GetOpen(), message.GetHigh(), message.GetLow(), message.GetClose(), message.GetVolume()}
	for _, column := range prices {
		if len(column) != valueBytes*n {
			return nil, status.Error(codes.InvalidArgument, fmt.Sprintf("%d symbols and a column of %d bytes", n, len(column)))
		}
	}
	in := s.intake()
	days := int32s(message.GetDay())
	open, high, low, closing, volume := float64s(prices[0]), float64s(prices[1]), float64s(prices[2]), float64s(prices[3]), float64s(prices[4])
	for i, symbol := range message.GetSymbols() {
		in.put(&bars.Series{
			Symbol: symbol, Timeframe: bars.Daily, Time: []int64{int64(days[i])},
			Open: open[i : i+1 : i+1], High: high[i : i+1 : i+1], Low: low[i : i+1 : i+1],
			Close: closing[i : i+1 : i+1], Volume: volume[i : i+1 : i+1],
		}, bars.Reject, true, message.GetKeep())
	}
	return in.finish(ctx)
}
