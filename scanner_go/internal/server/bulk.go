package server

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"vst/scanner/internal/bars"
	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/library"
	"vst/scanner/internal/provider"
)

// unaryRows bounds what BulkFetch answers: about 50 MB.
const unaryRows = 1_000_000

// encoders is how many chunks of a stream are made at once.
const encoders = 2

// fetch is one call of BulkFetch, in either form.
type fetch struct {
	request    *pb.BulkFetchRequest
	timeframe  bars.Timeframe
	policy     bars.Policy
	start, end int64
	started    time.Time
	// doubts are those about bars that are served from what is held.
	doubts []bars.Warning
}

func newFetch(request *pb.BulkFetchRequest) (*fetch, error) {
	f := &fetch{request: request, start: math.MinInt64, end: math.MaxInt64, started: time.Now()}
	var err error
	if f.timeframe, err = toTimeframe(request.GetTimeframe()); err == nil {
		f.policy, err = toPolicy(request.GetDoorPolicy())
	}
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if request.Start != nil {
		f.start = request.GetStart()
	}
	if request.End != nil {
		f.end = request.GetEnd()
	}
	return f, nil
}

// BulkFetch answers with one Arrow IPC stream.
func (s *Server) BulkFetch(ctx context.Context, request *pb.BulkFetchRequest) (*pb.BulkFetchResponse, error) {
	f, err := newFetch(request)
	if err != nil {
		return nil, err
	}
	response, err := s.fromProvider(ctx, f, nil)
	if err != nil {
		return nil, err
	}
	view, err := s.view(f)
	if err != nil {
		return nil, err
	}
	defer view.Release()
	var found []library.Part
	rows := 0
	for part := range parts(view, f) {
		if rows += part.Len(); rows > unaryRows {
			return nil, status.Errorf(codes.ResourceExhausted,
				"more than %d bars in one answer: ask for fewer symbols or days, or use BulkFetchStream", unaryRows)
		}
		found = append(found, part)
	}
	var whole frame
	whole.fill(found)
	f.doubts = f.doubt(&whole)
	if err := whole.encode(f.timeframe); err != nil {
		return nil, err
	}
	return &pb.BulkFetchResponse{
		ArrowIpc: whole.data.Bytes(), Errors: missing(response, view), Warnings: f.warnings(response),
		FetchSeconds: time.Since(f.started).Seconds(),
	}, nil
}

// BulkFetchStream answers in chunks.
func (s *Server) BulkFetchStream(request *pb.BulkFetchRequest, stream grpc.ServerStreamingServer[pb.BulkFetchChunk]) error {
	f, err := newFetch(request)
	if err != nil {
		return err
	}
	total := uint32(len(request.GetSymbols()))
	response, err := s.fromProvider(stream.Context(), f, func(done uint32) error {
		return stream.Send(&pb.BulkFetchChunk{Progress: &pb.ScanProgress{Done: done, Total: total}})
	})
	if err != nil {
		return err
	}
	view, err := s.view(f)
	if err != nil {
		return err
	}
	defer view.Release()
	if err := sendChunks(stream, view, f); err != nil {
		return err
	}
	return stream.Send(&pb.BulkFetchChunk{
		Errors: missing(response, view), Warnings: f.warnings(response), FetchSeconds: time.Since(f.started).Seconds(),
		Progress: &pb.ScanProgress{Done: total, Total: total},
	})
}

// view is what is held of the request's symbols; naming none is asking for none.
func (s *Server) view(f *fetch) (*library.View, error) {
	if len(f.request.GetSymbols()) == 0 {
		return &library.View{}, nil
	}
	if err := s.library.Refresh(); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return s.library.View(f.request.GetSymbols(), f.timeframe), nil
}

// missing are the symbols without bars; those that a provider failed for have its reason.
func missing(response *pb.PutBarsResponse, view *library.View) []*pb.SymbolError {
	errors := response.GetErrors()
	named := map[string]bool{}
	for _, fault := range errors {
		named[fault.GetSymbol()] = true
	}
	for _, fault := range toErrors(view.Errors) {
		if !named[fault.GetSymbol()] {
			errors = append(errors, fault)
		}
	}
	return errors
}

// warnings are the door's of what a provider gave, else the doubts about what was held.
func (f *fetch) warnings(response *pb.PutBarsResponse) []*pb.SymbolWarning {
	return append(response.GetWarnings(), toWarnings(f.doubts)...)
}

// parts are the bars of the view within the bounds, one symbol after the other.
func parts(view *library.View, f *fetch) func(func(library.Part) bool) {
	return func(yield func(library.Part) bool) {
		for i := range view.Items {
			item := &view.Items[i]
			for lane, index := range item.Index {
				if index >= 0 && !yield(item.Part(lane, f.start, f.end)) {
					return
				}
			}
		}
	}
}

// Doubts looks through bars that are held, eight symbols at a time.
func (s *Server) Doubts(ctx context.Context, request *pb.DoubtsRequest) (*pb.DoubtsResponse, error) {
	if err := s.library.Refresh(); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	view := s.library.View(request.GetSymbols(), bars.Daily)
	defer view.Release()
	response := &pb.DoubtsResponse{}
	made := frames.Get().(*frame)
	defer frames.Put(made)
	for i := range view.Items {
		if ctx.Err() != nil {
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		one := &library.View{Symbols: view.Symbols, Items: view.Items[i : i+1]}
		made.fill(slices.Collect(parts(one, &fetch{start: math.MinInt64, end: math.MaxInt64})))
		response.Warnings = append(response.Warnings, toWarnings(made.table.Doubts(bars.Daily))...)
	}
	return response, nil
}

// doubt looks at bars that did not come through the door just now.
func (f *fetch) doubt(of *frame) []bars.Warning {
	if f.request.GetProvider() != "" {
		return nil
	}
	return of.table.Doubts(f.timeframe)
}

// chunk is a message in the making.
type chunk struct {
	frame  *frame
	doubts []bars.Warning
	err    error
	done   uint32
}

// sendChunks sends the series in chunks; some are made while others are sent.
func sendChunks(stream grpc.ServerStreamingServer[pb.BulkFetchChunk], view *library.View, f *fetch) error {
	ctx, cancel := context.WithCancel(stream.Context())
	total := uint32(len(view.Symbols))
	coming := make(chan chan chunk, encoders)
	defer func() {
		cancel()
		// Whoever reads the view must be done before it is released.
		for place := range coming {
			<-place
		}
	}()
	go func() {
		defer close(coming)
		var batch []library.Part
		rows, done := 0, uint32(len(view.Errors))
		flush := func() bool {
			if len(batch) == 0 {
				return true
			}
			full, place, at := batch, make(chan chunk, 1), done
			batch, rows = nil, 0
			select {
			case coming <- place:
			case <-ctx.Done():
				return false
			}
			go func() {
				made := frames.Get().(*frame)
				made.fill(full)
				place <- chunk{made, f.doubt(made), made.encode(f.timeframe), at}
			}()
			return true
		}
		for left := range parts(view, f) {
			done++
			for left.Len() > 0 {
				var part library.Part
				part, left = left.Split(min(left.Len(), chunkRows-rows))
				batch = append(batch, part)
				rows += part.Len()
				if (rows == chunkRows || len(batch) == chunkSymbols) && !flush() {
					return
				}
			}
		}
		flush()
	}()
	for place := range coming {
		c := <-place
		if c.err != nil {
			return c.err
		}
		f.doubts = append(f.doubts, c.doubts...)
		err := stream.Send(&pb.BulkFetchChunk{
			ArrowIpc: c.frame.data.Bytes(), Progress: &pb.ScanProgress{Done: c.done, Total: total},
		})
		if err != nil {
			return err
		}
		// Sending has made a copy.
		frames.Put(c.frame)
	}
	return ctx.Err()
}

// fromProvider takes the bars of the request's provider, if it names one, through the door.
func (s *Server) fromProvider(ctx context.Context, f *fetch, progress func(uint32) error) (*pb.PutBarsResponse, error) {
	name := f.request.GetProvider()
	if name == "" {
		if f.request.GetKeep() {
			return nil, status.Error(codes.InvalidArgument, "keep is for what a provider gives: name one")
		}
		return nil, nil
	}
	source := s.providers[name]
	if source == nil {
		return nil, status.Error(codes.FailedPrecondition, fmt.Sprintf("the provider %q is not configured", name))
	}
	in := s.intake()
	asked := provider.Request{Symbols: f.request.GetSymbols(), Timeframe: f.timeframe, Start: f.request.Start, End: f.request.End}
	var mu sync.Mutex
	var done uint32
	err := source.Fetch(ctx, asked, func(series *bars.Series, fault *bars.Error) error {
		mu.Lock()
		defer mu.Unlock()
		if fault != nil {
			in.fail(fault)
		} else {
			in.extend(series, f.policy, f.request.GetKeep())
		}
		done++
		if progress == nil {
			return nil
		}
		return progress(done)
	})
	if ctx.Err() != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if err != nil {
		return nil, err
	}
	return in.finish(ctx)
}
