// Package scan passes over many symbols with bounded workers.
package scan

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/library"
)

// Job is what to scan for.
type Job struct {
	// Strategies are those wanted, bit k for the k-th.
	Strategies uint8
	Parameters kernel.Parameters
	// StartDay and EndDay bound the signals, both included, in days since 1970-01-01.
	StartDay, EndDay int32
	// LastBarOnly asks for the last bar within the bounds alone.
	LastBarOnly bool
	// Values asks for the indicators of each signal's bar.
	Values bool
	// Resume continues from what earlier scans left, where that answers the job.
	Resume bool
}

// unbounded says whether the last bar asked for is the last there is.
func (j *Job) unbounded() bool { return j.EndDay == math.MaxInt32 && j.StartDay == math.MinInt32 }

// Part is the answer for the symbols of one volume. It is valid until the function that took it
// returns.
type Part struct {
	Runs []Run
	// Symbols, Bars and Rows count what was passed over and what was found.
	Symbols, Bars, Rows int
}

// Run is the bars with signals of the symbol at Index of the view: the day of the first, the days
// of all after that one, the strategies that hold (bit k for the k-th), and the indicators when
// they were asked for.
type Run struct {
	Index      uint32
	Day        int32
	Days       []uint16
	Strategies []uint8
	Values     []Values
}

// Values are the indicators of one bar in USD, RSI from 0 to 100; NaN is not warmed up.
type Values struct{ Close, ATR, RSI, Fast, Slow float64 }

// Engine scans views.
type Engine struct {
	kernel kernel.Kernel
	slots  chan struct{}
}

// NewEngine returns an engine that passes over at most about maxConcurrency symbols at once,
// a volume at least, whatever the number of scans under way.
func NewEngine(with kernel.Kernel, maxConcurrency int) *Engine {
	return &Engine{kernel: with, slots: make(chan struct{}, max(1, maxConcurrency/bars.Lanes))}
}

// InstructionSet is the kernel's name.
func (e *Engine) InstructionSet() string { return e.kernel.Name }

// Run scans the volumes of the view and hands each part to take, from several goroutines at once.
// It ends early, with the reason, when the context ends or take fails.
func (e *Engine) Run(ctx context.Context, view *library.View, job *Job, take func(*Part) error) error {
	group, ctx := errgroup.WithContext(ctx)
	plan := newPlan(job)
	var next atomic.Int64
	for range min(cap(e.slots), runtime.GOMAXPROCS(0), len(view.Items)) {
		group.Go(func() error {
			w := worker{
				kernel: &e.kernel, job: job, plan: plan,
				ticks:  pass[int32]{over: e.kernel.Ticks, rules: plan.ticks, summing: plan.tickSums, unit: bars.TicksPerUnit},
				floats: pass[float64]{over: e.kernel.Floats, rules: plan.floats, summing: plan.floatSums, unit: 1},
			}
			for {
				at := int(next.Add(1)) - 1
				if at >= len(view.Items) {
					return nil
				}
				select {
				case e.slots <- struct{}{}:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				part, err := w.scan(ctx, &view.Items[at])
				<-e.slots
				if err == nil {
					err = take(part)
				}
				if err != nil {
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

// plan is the job's rules, prepared once for both kinds of prices, and the rows from which on another
// strategy is warmed up.
type plan struct {
	ticks, floats       *kernel.Rules
	tickSums, floatSums *kernel.Rules
	borders             []int
}

func newPlan(job *Job) *plan {
	p := &plan{
		ticks:  kernel.NewRules[int32](&job.Parameters),
		floats: kernel.NewRules[float64](&job.Parameters),
	}
	p.tickSums, p.floatSums = p.ticks.Summing(), p.floats.Summing()
	p.borders = []int{kernel.Wilder - 1, kernel.Slow}
	if job.Parameters.RangeLow {
		p.borders = append(p.borders, job.Parameters.BaseLookback-1)
		slices.Sort(p.borders)
	}
	return p
}

// worker scans one volume after another and keeps what it needs for that.
type worker struct {
	kernel *kernel.Kernel
	job    *Job
	plan   *plan
	part   Part
	found  [bars.Lanes]Run
	// A selector may look at one word more, and write eight rows more.
	words    [2*kernel.ChunkRows + 1]uint32
	selected [kernel.ChunkRows + 8]kernel.Found
	touched  int32
	ticks    pass[int32]
	floats   pass[float64]
}

func (w *worker) scan(ctx context.Context, item *library.Item) (*Part, error) {
	v := item.Volume
	w.part = Part{Runs: w.part.Runs[:0]}
	for lane := range w.found {
		found := &w.found[lane]
		found.Days, found.Strategies, found.Values = found.Days[:0], found.Strategies[:0], found.Values[:0]
	}
	var err error
	if v.Block.Ticks != nil {
		err = w.ticks.start(w, item, v.Block.Ticks).run(ctx)
	} else {
		err = w.floats.start(w, item, v.Block.Floats).run(ctx)
	}
	if err != nil {
		return nil, err
	}
	for lane, index := range item.Index {
		if index < 0 {
			continue
		}
		w.part.Symbols++
		w.part.Bars += v.Len(lane)
		found := &w.found[lane]
		if len(found.Days) == 0 {
			continue
		}
		found.Index = uint32(index)
		w.part.Rows += len(found.Days)
		w.part.Runs = append(w.part.Runs, *found)
	}
	return &w.part, nil
}
