// Package server answers the contract's calls.
package server

import (
	"context"
	"fmt"

	"vst/scanner/internal/kernel"
	"vst/scanner/internal/library"
	"vst/scanner/internal/metrics"
	"vst/scanner/internal/provider"
	"vst/scanner/internal/scan"
	"vst/scanner/internal/store"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	pb "vst/scanner/internal/gen/scannerv1"
)

// maxReceivedBytes bounds one message that comes in: a million bars of one symbol.
const maxReceivedBytes = 64 << 20

// chunkRows is about how many rows one message of a stream carries, so that it stays below the
// 4 MB which clients take unless told otherwise.
const chunkRows = 50_000

// Server implements the Scanner service over one library.
type Server struct {
	pb.UnimplementedScannerServer
	library   *library.Library
	store     *store.Store
	engine    *scan.Engine
	providers map[string]provider.Provider
	metrics   *metrics.Counter
	shutdown  func()
}

var _ pb.ScannerServer = (*Server)(nil)

// New returns a server over the bar store of the options, if they name one. Close it.
func New(options Options) (*Server, error) {
	with, err := kernel.Choose(options.Kernel)
	if err != nil {
		return nil, err
	}
	providers, err := provider.New(options.Providers)
	if err != nil {
		return nil, err
	}
	s := &Server{
		engine: scan.NewEngine(with, options.MaxConcurrency), providers: providers,
		metrics: metrics.New(), shutdown: options.Shutdown,
	}
	if options.Store != "" {
		if s.store, err = store.Open(options.Store, options.Log); err != nil {
			return nil, fmt.Errorf("bar store %s: %w", options.Store, err)
		}
	}
	s.library = library.New(s.store)
	return s, s.library.Refresh()
}

// Close lets the bar store go, when no call is under way any more.
func (s *Server) Close() error {
	s.library.Close()
	if s.store == nil {
		return nil
	}
	return s.store.Close()
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
	symbols, held := s.library.Size()
	return &pb.MetricsResponse{
		AverageScanSeconds: figures.AverageSeconds,
		SymbolsPerSecond:   figures.SymbolsPerSecond,
		TotalScans:         figures.Scans,
		MemoryMb:           figures.MemoryMB,
		CpuPct:             figures.CPUPercent,
		StoredSymbols:      uint64(symbols),
		StoredBars:         uint64(held),
		InstructionSet:     s.engine.InstructionSet(),
	}, nil
}

// ListSeries answers what is held.
func (s *Server) ListSeries(context.Context, *pb.ListSeriesRequest) (*pb.ListSeriesResponse, error) {
	if err := s.library.Refresh(); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	found, faults := s.library.List()
	response := &pb.ListSeriesResponse{Errors: toErrors(faults)}
	for _, info := range found {
		response.Series = append(response.Series, &pb.SeriesInfo{
			Symbol: info.Symbol, Timeframe: fromTimeframe(info.Timeframe), Bars: uint64(info.Bars),
			FirstDay: info.FirstDay, LastDay: info.LastDay, Kept: info.Kept,
		})
	}
	return response, nil
}
