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

// MaxMessageBytes bounds one message in either direction.
const MaxMessageBytes = 64 << 20

// flushBytes is after how many bytes of one column a stream sends what it has.
const flushBytes = 1 << 20

// Server implements the Scanner service over one store.
type Server struct {
	pb.UnimplementedScannerServer
	store          *bars.Store
	metrics        *metrics.Counter
	maxConcurrency int
	shutdown       func()
}

var _ pb.ScannerServer = (*Server)(nil)

// New returns a server over an empty store; at most maxConcurrency workers pass
// at once. A Shutdown call calls shutdown.
func New(maxConcurrency int, shutdown func()) *Server {
	return &Server{store: bars.NewStore(), metrics: metrics.New(), maxConcurrency: maxConcurrency, shutdown: shutdown}
}

// Scan answers with all signals at once.
func (s *Server) Scan(ctx context.Context, request *pb.ScanRequest) (*pb.ScanResponse, error) {
	signals := &pb.SignalColumns{}
	response, err := s.scan(ctx, request, func(scan.Outcome) error { return nil }, signals)
	if err != nil {
		return nil, err
	}
	response.Signals = signals
	return response, nil
}

// ScanStream sends progress and signals as they come, and the summary last.
func (s *Server) ScanStream(request *pb.ScanRequest, stream grpc.ServerStreamingServer[pb.ScanUpdate]) error {
	total := uint32(len(request.GetSymbols()))
	step := max(1, total/100)
	signals := &pb.SignalColumns{}
	var done uint32
	flush := func() error {
		update := &pb.ScanUpdate{Progress: &pb.ScanProgress{Done: done, Total: total}}
		if len(signals.Symbol) > 0 {
			update.Signals = signals
		}
		if err := stream.Send(update); err != nil {
			return err
		}
		signals.Reset()
		return nil
	}
	response, err := s.scan(stream.Context(), request, func(scan.Outcome) error {
		done++
		if done%step == 0 || len(signals.Close) >= flushBytes {
			return flush()
		}
		return nil
	}, signals)
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return stream.Send(&pb.ScanUpdate{Summary: response})
}

// scan runs the job; outcomes are added to signals one at a time, then told to each.
func (s *Server) scan(ctx context.Context, request *pb.ScanRequest, each func(scan.Outcome) error, signals *pb.SignalColumns) (*pb.ScanResponse, error) {
	job, err := toJob(request, s.maxConcurrency)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	started := time.Now()
	response := &pb.ScanResponse{}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	err = scan.Run(ctx, s.store, job, func(outcome scan.Outcome) {
		mu.Lock()
		defer mu.Unlock()
		if outcome.Err != nil {
			response.Errors = append(response.Errors, toError(outcome.Err))
		} else {
			response.Scanned++
			response.Bars += uint64(outcome.Bars)
			addSignals(signals, outcome)
		}
		if err := each(outcome); err != nil {
			cancel(err)
		}
	})
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, status.Error(codes.DeadlineExceeded, err.Error())
		}
		return nil, status.Error(codes.Canceled, err.Error())
	}
	took := time.Since(started)
	response.ScanSeconds = took.Seconds()
	s.metrics.Scanned(int(response.GetScanned()), took)
	return response, nil
}

// PutBars stores series after series; refused ones are named in the answer.
func (s *Server) PutBars(stream grpc.ClientStreamingServer[pb.SymbolBars, pb.PutBarsResponse]) error {
	response := &pb.PutBarsResponse{}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(response)
		}
		if err != nil {
			return err
		}
		series, refused := toSeries(message)
		if refused == nil {
			refused = s.store.Put(series, message.GetAppend())
		}
		if refused != nil {
			response.Errors = append(response.Errors, toError(refused))
			continue
		}
		response.Symbols++
		response.Bars += uint64(len(series.Time))
	}
}

// Shutdown ends the service after the calls under way.
func (s *Server) Shutdown(context.Context, *pb.ShutdownRequest) (*pb.ShutdownResponse, error) {
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
