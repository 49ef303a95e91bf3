package server

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/library"
	"vst/scanner/internal/scan"
)

// updateEvery is how often a streamed scan tells its progress while little is found.
const updateEvery = 50 * time.Millisecond

// Scan answers with all signals at once, in the order of the request's symbols.
func (s *Server) Scan(ctx context.Context, request *pb.ScanRequest) (*pb.ScanResponse, error) {
	var mu sync.Mutex
	var found columns
	response, view, err := s.scan(ctx, request, nil, func(part *scan.Part) error {
		mu.Lock()
		defer mu.Unlock()
		found.add(part)
		return nil
	})
	if err != nil {
		return nil, err
	}
	response.Signals = found.ordered().message()
	response.Errors = toErrors(view.Errors)
	return response, nil
}

// ScanStream sends progress, signals and errors as they come, and the summary last.
func (s *Server) ScanStream(request *pb.ScanRequest, stream grpc.ServerStreamingServer[pb.ScanUpdate]) error {
	progress := &progress{send: stream.Send, found: rooms.Get().(*columns)}
	defer func() {
		progress.found.clear()
		rooms.Put(progress.found)
	}()
	response, _, err := s.scan(stream.Context(), request, progress.start, progress.take)
	if err != nil {
		return err
	}
	progress.summary = response
	return progress.flush()
}

// rooms are columns to be filled again: fresh ones of some megabytes cost more to clear than to fill.
var rooms = sync.Pool{New: func() any { return new(columns) }}

// progress gathers parts and sends them in messages of a handy size.
type progress struct {
	send  func(*pb.ScanUpdate) error
	total uint32

	mu      sync.Mutex
	done    uint32
	sentAt  time.Time
	found   *columns
	errors  []*pb.SymbolError
	summary *pb.ScanResponse
}

func (p *progress) start(view *library.View) {
	p.total = uint32(len(view.Symbols))
	p.done = uint32(len(view.Errors))
	p.errors = toErrors(view.Errors)
	p.sentAt = time.Now()
}

func (p *progress) take(part *scan.Part) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += uint32(part.Symbols)
	p.found.add(part)
	if p.found.rows() >= p.found.limit() || time.Since(p.sentAt) >= updateEvery {
		return p.flush()
	}
	return nil
}

// flush sends what waits, the summary with the last of it.
func (p *progress) flush() error {
	pieces := p.found.split(p.found.limit())
	for i, piece := range pieces {
		update := &pb.ScanUpdate{
			Progress: &pb.ScanProgress{Done: p.done, Total: p.total}, Signals: piece.message(), Errors: p.errors,
		}
		if i == len(pieces)-1 {
			update.Summary = p.summary
		}
		p.errors = nil
		if err := p.send(update); err != nil {
			return err
		}
	}
	// Sending has made a copy.
	p.found.clear()
	p.sentAt = time.Now()
	return nil
}

// scan runs the request's job and counts. start, if any, sees the view before the first part;
// take is called from several goroutines.
func (s *Server) scan(ctx context.Context, request *pb.ScanRequest, start func(*library.View), take func(*scan.Part) error) (*pb.ScanResponse, *library.View, error) {
	job, err := toJob(request)
	if err != nil {
		return nil, nil, status.Error(codes.InvalidArgument, err.Error())
	}
	timeframe, err := toTimeframe(request.GetTimeframe())
	if err != nil {
		return nil, nil, status.Error(codes.InvalidArgument, err.Error())
	}
	started := time.Now()
	if err := s.library.Refresh(); err != nil {
		return nil, nil, status.Error(codes.Internal, err.Error())
	}
	view := s.library.View(request.GetSymbols(), timeframe)
	defer view.Release()
	if start != nil {
		start(view)
	}
	var mu sync.Mutex
	response := &pb.ScanResponse{InstructionSet: s.engine.InstructionSet()}
	signals := 0
	err = s.engine.Run(ctx, view, job, func(part *scan.Part) error {
		mu.Lock()
		response.Scanned += uint32(part.Symbols)
		response.Bars += uint64(part.Bars)
		signals += part.Rows
		mu.Unlock()
		return take(part)
	})
	if ctx.Err() != nil {
		return nil, nil, status.FromContextError(ctx.Err()).Err()
	}
	if err != nil {
		return nil, nil, err
	}
	took := time.Since(started)
	response.ScanSeconds = took.Seconds()
	if len(request.GetSymbols()) == 0 {
		response.Symbols = view.Symbols
	}
	s.metrics.Scanned(int(response.GetScanned()), took)
	s.metrics.Found(signals, len(view.Errors))
	return response, view, nil
}
