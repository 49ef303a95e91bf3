// Package server answers the contract's calls.
package server

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"vst/scanner/internal/bars"
	pb "vst/scanner/internal/gen/scannerv1"
	"vst/scanner/internal/metrics"
	"vst/scanner/internal/scan"
)

// maxReceivedBytes bounds one message that comes in: a million bars of one symbol.
const maxReceivedBytes = 64 << 20

// chunkRows is about how many rows one message of a stream carries, so that it stays below the
// 4 MB which clients take unless told otherwise.
const chunkRows = 50_000

// updates is about how many messages a streamed scan has at least, for its progress bar.
const updates = 100

// Server implements the Scanner service over one store.
type Server struct {
	pb.UnimplementedScannerServer
	store    *bars.Store
	engine   *scan.Engine
	metrics  *metrics.Counter
	shutdown func()
}

var _ pb.ScannerServer = (*Server)(nil)

// New returns a server over an empty store.
func New(options Options) *Server {
	store := bars.NewStore()
	return &Server{
		store: store, engine: scan.NewEngine(store, options.MaxConcurrency), metrics: metrics.New(), shutdown: options.Shutdown,
	}
}

// Scan answers with all signals at once, in the order of the request's symbols.
func (s *Server) Scan(ctx context.Context, request *pb.ScanRequest) (*pb.ScanResponse, error) {
	parts := make([]*pb.SignalColumns, len(request.GetSymbols()))
	faults := make([]*bars.Error, len(request.GetSymbols()))
	response, err := s.scan(ctx, request, func(outcome scan.Outcome) error {
		if faults[outcome.Index] = outcome.Err; len(outcome.Signals) > 0 {
			parts[outcome.Index] = encode(outcome.Index, outcome.Signals, request.GetValues())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	response.Signals = joined(parts)
	for _, fault := range faults {
		if fault != nil {
			response.Errors = append(response.Errors, toError(fault))
		}
	}
	return response, nil
}

// ScanStream sends progress, signals and errors as they come, and the summary last.
func (s *Server) ScanStream(request *pb.ScanRequest, stream grpc.ServerStreamingServer[pb.ScanUpdate]) error {
	progress := &progress{send: stream.Send, total: uint32(len(request.GetSymbols())), values: request.GetValues()}
	response, err := s.scan(stream.Context(), request, progress.take)
	if err != nil {
		return err
	}
	return stream.Send(progress.update(response))
}

// progress gathers outcomes and sends them in messages of a handy size.
type progress struct {
	send   func(*pb.ScanUpdate) error
	total  uint32
	values bool

	mu     sync.Mutex
	done   uint32
	unsent uint32
	rows   int
	parts  []*pb.SignalColumns
	errors []*pb.SymbolError
}

func (p *progress) take(outcome scan.Outcome) error {
	part := encode(outcome.Index, outcome.Signals, p.values)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rows > 0 && p.rows+len(outcome.Signals) > chunkRows {
		if err := p.send(p.update(nil)); err != nil {
			return err
		}
	}
	p.done++
	p.unsent++
	if outcome.Err != nil {
		p.errors = append(p.errors, toError(outcome.Err))
	}
	p.rows += len(outcome.Signals)
	p.parts = append(p.parts, part)
	if p.done < p.total && p.unsent*updates >= p.total {
		return p.send(p.update(nil))
	}
	return nil
}

// update takes what was gathered since the update before.
func (p *progress) update(summary *pb.ScanResponse) *pb.ScanUpdate {
	update := &pb.ScanUpdate{
		Progress: &pb.ScanProgress{Done: p.done, Total: p.total},
		Signals:  joined(p.parts), Errors: p.errors, Summary: summary,
	}
	p.unsent, p.rows, p.parts, p.errors = 0, 0, p.parts[:0], nil
	return update
}

// scan runs the request's job and counts; take is called from several goroutines.
func (s *Server) scan(ctx context.Context, request *pb.ScanRequest, take func(scan.Outcome) error) (*pb.ScanResponse, error) {
	job, err := toJob(request)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	started := time.Now()
	var mu sync.Mutex
	response := &pb.ScanResponse{}
	err = s.engine.Run(ctx, job, func(outcome scan.Outcome) error {
		if outcome.Err == nil {
			mu.Lock()
			response.Scanned++
			response.Bars += uint64(outcome.Bars)
			mu.Unlock()
		}
		return take(outcome)
	})
	if ctx.Err() != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if err != nil {
		return nil, err
	}
	took := time.Since(started)
	response.ScanSeconds = took.Seconds()
	s.metrics.Scanned(int(response.GetScanned()), took)
	return response, nil
}

// PutBars stores series after series; refused symbols are named in the answer, once each.
func (s *Server) PutBars(stream grpc.ClientStreamingServer[pb.SymbolBars, pb.PutBarsResponse]) error {
	response := &pb.PutBarsResponse{}
	taken, refused := map[string]uint64{}, map[string]bool{}
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
		symbol := message.GetSymbol()
		fault := s.put(message, timeframe)
		switch {
		case fault == nil:
			taken[symbol] += uint64(len(message.GetTime()) / valueBytes)
		case !refused[symbol]:
			refused[symbol] = true
			response.Errors = append(response.Errors, toError(fault))
		}
	}
	for symbol, count := range taken {
		if !refused[symbol] {
			response.Symbols++
			response.Bars += count
		}
	}
	return stream.SendAndClose(response)
}

func (s *Server) put(message *pb.SymbolBars, timeframe bars.Timeframe) *bars.Error {
	series, fault := toSeries(message, timeframe)
	switch {
	case fault != nil:
		s.store.Refuse(timeframe, fault)
		return fault
	case message.GetAppend():
		return s.store.Append(series)
	}
	return s.store.Replace(series)
}

// Shutdown ends the service after the calls under way.
func (s *Server) Shutdown(context.Context, *pb.ShutdownRequest) (*pb.ShutdownResponse, error) {
	if s.shutdown == nil {
		return nil, status.Error(codes.PermissionDenied, "this scanner is a service of its own: whoever started it ends it")
	}
	s.shutdown()
	return &pb.ShutdownResponse{}, nil
}

// GetMetrics answers the figures since the start.
func (s *Server) GetMetrics(context.Context, *pb.MetricsRequest) (*pb.MetricsResponse, error) {
	figures := s.metrics.Read()
	series, stored := s.store.Size()
	return &pb.MetricsResponse{
		AverageScanSeconds: figures.AverageSeconds,
		SymbolsPerSecond:   figures.SymbolsPerSecond,
		TotalScans:         figures.Scans,
		MemoryMb:           figures.MemoryMB,
		CpuPct:             figures.CPUPercent,
		StoredSymbols:      uint64(series),
		StoredBars:         uint64(stored),
	}, nil
}
