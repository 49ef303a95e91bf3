// Package scan passes over many symbols with bounded workers.
package scan

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/indicator"
	"vst/scanner/internal/strategy"
)

// checkEvery is after how many bars a pass looks whether it was cancelled.
const checkEvery = 4096

// Job is what to scan.
type Job struct {
	Symbols    []string
	Timeframe  bars.Timeframe
	Kinds      []strategy.Kind
	Parameters strategy.Parameters
	// StartDay and EndDay bound the signals, both included, in days since 1970-01-01.
	StartDay, EndDay int32
	// LastBarOnly asks for the last bar within the bounds alone.
	LastBarOnly bool
}

// Signal is one rule holding on one bar; NaN is not warmed up.
type Signal struct {
	Kind                        strategy.Kind
	Day                         int32
	Close, ATR, RSI, Fast, Slow float64
}

// Outcome is the answer for the symbol at Index of the job: signals in time order, or why there
// are none. Signals are valid until the function that took the outcome returns.
type Outcome struct {
	Index   int
	Signals []Signal
	Bars    int
	Err     *bars.Error
}

// Source gives the series of a symbol, or why there is none.
type Source interface {
	Get(symbol string, timeframe bars.Timeframe) (*bars.Series, *bars.Error)
}

var _ Source = (*bars.Store)(nil)

// Engine scans what a source holds.
type Engine struct {
	source Source
	slots  chan struct{}
}

// NewEngine returns an engine that passes over at most maxConcurrency symbols at once, whatever
// the number of scans under way.
func NewEngine(source Source, maxConcurrency int) *Engine {
	return &Engine{source: source, slots: make(chan struct{}, max(1, maxConcurrency))}
}

// Run scans every symbol of the job and hands each outcome to take, from several goroutines at
// once. It ends early, with the reason, when the context ends or take fails.
func (e *Engine) Run(ctx context.Context, job *Job, take func(Outcome) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(cap(e.slots), runtime.GOMAXPROCS(0), len(job.Symbols)) {
		group.Go(func() error {
			var found []Signal
			for {
				index := int(next.Add(1)) - 1
				if index >= len(job.Symbols) {
					return nil
				}
				outcome, err := e.one(ctx, job, index, found[:0])
				if err != nil {
					return err
				}
				found = outcome.Signals
				if err := take(outcome); err != nil {
					return err
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	return nil
}

func (e *Engine) one(ctx context.Context, job *Job, index int, found []Signal) (Outcome, error) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return Outcome{}, context.Cause(ctx)
	}
	series, fault := e.source.Get(job.Symbols[index], job.Timeframe)
	if fault != nil {
		return Outcome{Index: index, Signals: found, Err: fault}, nil
	}
	found, err := pass(ctx, series, job, found)
	return Outcome{Index: index, Signals: found, Bars: len(series.Time)}, err
}

func pass(ctx context.Context, s *bars.Series, job *Job, found []Signal) ([]Signal, error) {
	from, to := s.Between(job.StartDay, job.EndDay)
	if job.LastBarOnly {
		from = max(from, to-1)
	}
	if from == to {
		return found, nil
	}
	state := indicator.NewPass(s)
	lows := lowest{values: s.Low, lookback: job.Parameters.BaseLookback}
	var bar strategy.Bar
	for i := range to {
		if i%checkEvery == checkEvery-1 && ctx.Err() != nil {
			return found, context.Cause(ctx)
		}
		if i < from {
			state.Advance()
			continue
		}
		bar.RSIBefore, bar.TrendBefore = state.RSI(), state.Trend()
		state.Advance()
		bar.Close, bar.ATR, bar.RSI = s.Close[i], state.ATR(), state.RSI()
		if job.Parameters.RangeLow {
			bar.Base = lows.ending(i)
		}
		for _, kind := range job.Kinds {
			if job.Parameters.Holds(kind, &bar) {
				found = append(found, Signal{
					Kind: kind, Day: s.Day(i), Close: bar.Close,
					ATR: bar.ATR, RSI: bar.RSI, Fast: state.Fast(), Slow: state.Slow(),
				})
			}
		}
	}
	return found, nil
}
