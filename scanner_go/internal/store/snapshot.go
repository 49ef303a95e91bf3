package store

import (
	"sync/atomic"

	"vst/scanner/internal/bars"
)

// Snapshot is the content of the store at one moment. It never changes, and what it hands out
// stays mapped until Release: use nothing of it afterwards.
type Snapshot struct {
	view     *view
	released atomic.Bool
	store    *Store
}

// Release lets the mappings go. A second call does nothing.
func (v *Snapshot) Release() {
	if !v.released.Swap(true) {
		v.store.done(v.view)
	}
}

// Generation counts the changes of the folder; 0 is a store that was never written.
func (v *Snapshot) Generation() uint64 { return v.view.manifest.Generation }

// Symbols are those whose bars are served, sorted.
func (v *Snapshot) Symbols() []string { return v.view.symbols }

// Runs are the parts of the symbol's bars in order: the base, then what was appended. None when
// the symbol is not served.
func (v *Snapshot) Runs(symbol string) []Run {
	if held := v.view.holdings[symbol]; held != nil && held.fault == "" {
		return held.runs
	}
	return nil
}

// Blocks are those for which the first run of every lane's symbol is the lane in its whole
// length: a kernel can pass over them as they are and go on with the later runs. The symbols of
// other blocks, where a lane was replaced or its last bar came anew, are found only by Runs.
func (v *Snapshot) Blocks() []*bars.Block { return v.view.blocks }

// Errors are the symbols that are not served, each with the reason. A segment that cannot say
// whose bars it held is reported by its name in place of a symbol's.
func (v *Snapshot) Errors() []*bars.Error { return v.view.errors }

// Series puts the symbol's bars together in columns of their own, which outlive the snapshot.
// Ticks is left nil.
func (v *Snapshot) Series(symbol string) (*bars.Series, *bars.Error) { return v.view.series(symbol) }
