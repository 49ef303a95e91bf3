package library

import (
	"math"
	"sort"

	"vst/scanner/internal/barfile"
	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/store"
)

// kept is what the bar store has, in volumes over its mapped blocks.
type kept struct {
	shelf
	view *store.Snapshot
	// added are bars that came behind kept ones and are not kept: forming ones, mostly.
	added map[string]*bars.Series
}

func newKept() kept { return kept{shelf: newShelf(), added: map[string]*bars.Series{}} }

func (k *kept) add(s *bars.Series) {
	// It followed what is held, and so it follows this too.
	k.added[s.Symbol], _ = k.added[s.Symbol].Join(s)
}

// again puts what was added before behind the bars that are kept now, where these end earlier.
func (k *kept) again(added map[string]*bars.Series) {
	for symbol, s := range added {
		p, ok := k.places[symbol]
		if !ok {
			continue
		}
		v := p.slot.volume
		last := v.time(p.lane, v.Len(p.lane)-1)
		_, s = s.Split(sort.Search(len(s.Time), func(i int) bool { return s.Time[i] > last }))
		if len(s.Time) > 0 && v.takes(p.lane, s) && p.slot.grow(p.lane, s) == nil {
			k.added[symbol] = s
		}
	}
}

// openKept takes the snapshot over; memos of blocks that were there before live on.
func openKept(view *store.Snapshot, before kept) kept {
	k := newKept()
	k.view = view
	slots := map[*bars.Block]*slot{}
	for _, symbol := range view.Symbols() {
		runs := view.Runs(symbol)
		base := runs[0]
		later := behind(symbol, runs[1:])
		onBlock := later == nil ||
			base.Length >= kernel.Slow && len(later.Time) <= maxLater && (base.Block.Ticks == nil || barfile.OnGrid(later))
		if !onBlock {
			k.loose[symbol], _ = view.Series(symbol)
			continue
		}
		s := slots[base.Block]
		if s == nil {
			s = &slot{volume: newVolume(base.Block, bars.Daily)}
			s.volume.Lengths = [bars.Lanes]int{}
			slots[base.Block] = s
			if old, ok := before.places[symbol]; ok && old.slot.volume.Block == base.Block {
				s.volume.Memo = old.slot.volume.Memo
			}
		}
		s.volume.Lengths[base.Lane], s.volume.Later[base.Lane] = base.Length, later
	}
	for _, s := range slots {
		k.put(s)
	}
	for _, fault := range view.Errors() {
		k.refused[fault.Symbol] = fault
	}
	k.settle()
	k.again(before.added)
	return k
}

func (k *kept) close() {
	if k.view != nil {
		k.view.Release()
	}
}

// behind are the bars of appended runs; nil for none.
func behind(symbol string, runs []store.Run) *bars.Series {
	var later *bars.Series
	for _, run := range runs {
		v := newVolume(run.Block, bars.Daily)
		v.Lengths[run.Lane] = run.Length
		// Runs follow each other in time: joining cannot fail.
		later, _ = later.Join(v.series(run.Lane, math.MinInt64, math.MaxInt64))
	}
	return later
}
