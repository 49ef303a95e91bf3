// Package scan passes over many symbols with bounded workers.
package scan

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sort"

	"golang.org/x/sync/errgroup"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/indicator"
	"vst/scanner/internal/strategy"
)

// CheckEvery is after how many bars a pass looks whether it was cancelled.
const CheckEvery = 4096

// Job is what to scan.
type Job struct {
	Symbols     []string
	Kinds       []strategy.Kind
	Parameters  strategy.Parameters
	LastBarOnly bool
	StartDay    int64
	EndDay      int64
	// MaxConcurrency bounds the workers.
	MaxConcurrency int
}

// Signal is one rule holding on one bar.
type Signal struct {
	Kind  strategy.Kind
	Day   int32
	Close float64
	indicator.Values
}

// Outcome is the answer for one symbol: signals, or why there are none.
type Outcome struct {
	Index   int
	Signals []Signal
	Bars    int
	Err     *bars.BarError
}

// Source gives series by symbol.
type Source interface {
	Get(symbol string, timeframe bars.Timeframe) *bars.Series
}

var _ Source = (*bars.Store)(nil)

// Run scans every symbol of the job and hands each outcome to take, from several goroutines.
// It returns early, with the context's error, when the context ends.
func Run(ctx context.Context, source Source, job *Job, take func(Outcome)) error {
	if err := job.Parameters.Check(); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	workers := max(1, min(job.MaxConcurrency, runtime.GOMAXPROCS(0), len(job.Symbols)))
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	group.Go(func() error {
		defer close(next)
		for i := range job.Symbols {
			select {
			case next <- i:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	for range workers {
		group.Go(func() error {
			for i := range next {
				outcome, err := one(ctx, source, job, i)
				if err != nil {
					return err
				}
				take(outcome)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	return nil
}

func one(ctx context.Context, source Source, job *Job, index int) (Outcome, error) {
	symbol := job.Symbols[index]
	series := source.Get(symbol, bars.Daily)
	if series == nil {
		return Outcome{Index: index, Err: &bars.BarError{Symbol: symbol, Reason: "no bars"}}, nil
	}
	signals, err := pass(ctx, series, job)
	return Outcome{Index: index, Signals: signals, Bars: len(series.Time)}, err
}

func pass(ctx context.Context, s *bars.Series, job *Job) ([]Signal, error) {
	var found []Signal
	state := indicator.NewPass(s.Close, s.Ticks, bars.TicksPerUnit)
	var before, now strategy.Bar
	last := sort.Search(len(s.Time), func(i int) bool { return s.Time[i] > job.EndDay }) - 1
	for i := range s.Time {
		if i%CheckEvery == CheckEvery-1 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		now = strategy.Bar{Close: s.Close[i], Values: state.Next(s.High[i], s.Low[i])}
		if i > last {
			break
		}
		wanted := s.Time[i] >= job.StartDay && (i == last || !job.LastBarOnly)
		if wanted {
			if job.Parameters.RangeLow {
				now.Low = lowest(s.Low, i, job.Parameters.BaseLookback)
			}
			for _, kind := range job.Kinds {
				if strategy.Holds(kind, &job.Parameters, &before, &now) {
					found = append(found, Signal{Kind: kind, Day: int32(s.Time[i]), Close: now.Close, Values: now.Values})
				}
			}
		}
		before = now
	}
	return found, nil
}

func lowest(low []float64, i, lookback int) float64 {
	if i+1 < lookback {
		return math.NaN()
	}
	least := low[i]
	for _, value := range low[i+1-lookback : i] {
		least = min(least, value)
	}
	return least
}
