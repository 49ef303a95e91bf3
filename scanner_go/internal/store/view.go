package store

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"vst/scanner/internal/bars"
)

// Run is one symbol's bars in one segment: the first Length bars of a lane.
type Run struct {
	Block *bars.Block
	Lane  int
	// Length is that of the lane, or one less where a later run has the last bar anew.
	Length int
}

func (r Run) day(row int) int32 { return r.Block.Day[row*bars.Lanes+r.Lane] }

func (r Run) lastDay() int32 { return r.day(r.Length - 1) }

// holding is what a view has of one symbol: runs, or the fault why they are not served.
type holding struct {
	runs  []Run
	bars  int
	fault string
}

// view is the content of one generation.
type view struct {
	manifest *stored
	segments []*segment
	holdings map[string]*holding
	symbols  []string
	blocks   []*bars.Block
	errors   []*bars.Error
	// nameless says that a lost segment cannot say whose bars it held.
	nameless bool
	uses     atomic.Int64
}

// newView takes the segments over, one use of each.
func newView(m *stored, segments []*segment) *view {
	v := &view{manifest: m, segments: segments, holdings: map[string]*holding{}}
	v.uses.Store(1)
	for _, seg := range segments {
		seg.uses.Add(1)
		if seg.lost != "" {
			v.lose(seg)
			continue
		}
		for _, block := range seg.file.Blocks {
			for lane, symbol := range block.Symbols {
				if symbol != "" {
					v.add(seg, symbol, Run{block, lane, block.Lengths[lane]})
				}
			}
		}
	}
	v.finish()
	return v
}

func (v *view) add(seg *segment, symbol string, run Run) {
	held := v.holdings[symbol]
	switch {
	case seg.mode == modeReplace:
		held = &holding{}
		v.holdings[symbol] = held
	case held == nil:
		// A writer appends to nothing: the base was in a segment that cannot say so.
		held = &holding{fault: "the bars before its appended ones are lost, import it again"}
		v.holdings[symbol] = held
	}
	if n := len(held.runs); n > 0 && held.fault == "" {
		last := &held.runs[n-1]
		switch first := run.day(0); {
		case first < last.lastDay():
			held.fault = fmt.Sprintf("%s appends a bar of %s behind one of %s, import it again",
				seg.name, dateOf(int64(first)), dateOf(int64(last.lastDay())))
		case first == last.lastDay():
			last.Length--
			held.bars--
			if last.Length == 0 {
				held.runs = held.runs[:n-1]
			}
		}
	}
	held.runs = append(held.runs, run)
	held.bars += run.Length
}

// lose marks the symbols of a lost segment. Where it cannot say which they were, a lost append
// takes all symbols that stand before it, since any may lack its bars; a lost replacement takes
// none. Either way the segment itself is reported.
func (v *view) lose(seg *segment) {
	reason := "its bars are lost, import it again: " + seg.lost
	for _, symbol := range seg.symbols {
		held := v.holdings[symbol]
		if held == nil || seg.mode == modeReplace {
			held = &holding{}
			v.holdings[symbol] = held
		}
		held.fault = cmp.Or(held.fault, reason)
	}
	if seg.symbols != nil {
		return
	}
	v.nameless = true
	v.errors = append(v.errors, &bars.Error{
		Symbol: seg.name,
		Reason: "the bars of a segment are lost, import them again: " + seg.lost,
	})
	if seg.mode == modeAppend {
		for _, held := range v.holdings {
			held.fault = cmp.Or(held.fault, "its last bars may be lost, import it again: "+seg.lost)
		}
	}
}

func (v *view) finish() {
	for _, symbol := range slices.Sorted(maps.Keys(v.holdings)) {
		if held := v.holdings[symbol]; held.fault != "" {
			v.errors = append(v.errors, &bars.Error{Symbol: symbol, Reason: held.fault})
		} else {
			v.symbols = append(v.symbols, symbol)
		}
	}
	for _, seg := range v.segments {
		if seg.lost != "" || seg.mode != modeReplace {
			continue
		}
		for _, block := range seg.file.Blocks {
			if v.isCurrent(block) {
				v.blocks = append(v.blocks, block)
			}
		}
	}
}

func (v *view) isCurrent(block *bars.Block) bool {
	for lane, symbol := range block.Symbols {
		if symbol == "" {
			continue
		}
		held := v.holdings[symbol]
		if held.fault != "" || held.runs[0] != (Run{block, lane, block.Lengths[lane]}) {
			return false
		}
	}
	return true
}

func (v *view) release() error {
	if v.uses.Add(-1) > 0 {
		return nil
	}
	var err error
	for _, seg := range v.segments {
		err = errors.Join(err, seg.release())
	}
	return err
}

func (v *view) series(symbol string) (*bars.Series, *bars.Error) {
	held := v.holdings[symbol]
	switch {
	case held == nil:
		return nil, &bars.Error{Symbol: symbol, Reason: "there are no bars"}
	case held.fault != "":
		return nil, &bars.Error{Symbol: symbol, Reason: held.fault}
	}
	return join(symbol, held.runs), nil
}

func join(symbol string, runs []Run) *bars.Series {
	length := 0
	for _, run := range runs {
		length += run.Length
	}
	s := &bars.Series{
		Symbol: symbol, Timeframe: bars.Daily,
		Time: make([]int64, length), Volume: make([]float64, length),
		Open: make([]float64, length), High: make([]float64, length),
		Low: make([]float64, length), Close: make([]float64, length),
	}
	at := 0
	for _, run := range runs {
		to := at + run.Length
		for row := range run.Length {
			s.Time[at+row] = int64(run.day(row))
		}
		lift(s.Volume[at:to], run.Block.Volume, run.Lane, 1)
		if p := run.Block.Ticks; p != nil {
			lift(s.Open[at:to], p.Open, run.Lane, bars.TicksPerUnit)
			lift(s.High[at:to], p.High, run.Lane, bars.TicksPerUnit)
			lift(s.Low[at:to], p.Low, run.Lane, bars.TicksPerUnit)
			lift(s.Close[at:to], p.Close, run.Lane, bars.TicksPerUnit)
		}
		if p := run.Block.Floats; p != nil {
			lift(s.Open[at:to], p.Open, run.Lane, 1)
			lift(s.High[at:to], p.High, run.Lane, 1)
			lift(s.Low[at:to], p.Low, run.Lane, 1)
			lift(s.Close[at:to], p.Close, run.Lane, 1)
		}
		at = to
	}
	return s
}

// lift takes one lane out of a column, divided by unit.
func lift[T int32 | float64](to []float64, column []T, lane int, unit float64) {
	for row := range to {
		to[row] = float64(column[row*bars.Lanes+lane]) / unit
	}
}

func dateOf(day int64) string {
	return time.Unix(day*86400, 0).UTC().Format(time.DateOnly)
}
