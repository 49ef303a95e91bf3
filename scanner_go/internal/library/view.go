package library

import (
	"maps"
	"slices"

	"vst/scanner/internal/bars"
	"vst/scanner/internal/store"
)

// View is what the library held of some symbols at one moment. Release it when done.
type View struct {
	// Symbols are those asked for, or all there are.
	Symbols []string
	Items   []Item
	// Errors say why symbols have no bars, in the order of Symbols.
	Errors   []*bars.Error
	snapshot *store.Snapshot
}

// Item is a volume with symbols of the view: Index is their position by lane, -1 for none.
type Item struct {
	Volume *Volume
	Index  [bars.Lanes]int32
}

// Release lets the mappings go.
func (v *View) Release() {
	if v.snapshot != nil {
		v.snapshot.Release()
	}
}

// grouping is how the symbols of a view lie in slots; it holds until one is found elsewhere.
type grouping struct {
	version   int
	timeframe bars.Timeframe
	all       bool
	symbols   []string
	slots     []*slot
	index     [][bars.Lanes]int32
	errors    []*bars.Error
}

// View shows the symbols' bars, those of all symbols when none are named.
func (l *Library) View(symbols []string, timeframe bars.Timeframe) *View {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.shelves[timeframe].loose) > 0 {
		l.shelves[timeframe].settle()
		l.version++
	}
	g := &l.recent
	all := len(symbols) == 0
	if g.version != l.version || g.timeframe != timeframe || g.all != all || !all && !slices.Equal(g.symbols, symbols) {
		if all {
			symbols = l.all(timeframe)
		}
		l.recent = l.group(symbols, timeframe)
		l.recent.all = all
	}
	view := &View{Symbols: g.symbols, Errors: g.errors, Items: make([]Item, len(g.slots))}
	for i, s := range g.slots {
		view.Items[i] = Item{s.volume, g.index[i]}
	}
	if l.kept.view != nil {
		view.snapshot = l.store.Snapshot()
	}
	return view
}

func (l *Library) group(symbols []string, timeframe bars.Timeframe) grouping {
	g := grouping{version: l.version, timeframe: timeframe, symbols: symbols}
	at := map[*slot]int{}
	for index, symbol := range symbols {
		p := l.find(symbol, timeframe)
		if p.slot == nil || l.shelves[timeframe].refused[symbol] != nil {
			g.errors = append(g.errors, l.fault(symbol, timeframe))
			continue
		}
		i, seen := at[p.slot]
		if !seen || g.index[i][p.lane] >= 0 {
			// A symbol that is named twice is answered twice.
			i = len(g.slots)
			at[p.slot] = i
			g.slots = append(g.slots, p.slot)
			g.index = append(g.index, [bars.Lanes]int32{-1, -1, -1, -1, -1, -1, -1, -1})
		}
		g.index[i][p.lane] = int32(index)
	}
	return g
}

// all are the symbols that have bars or a reason why not, sorted.
func (l *Library) all(timeframe bars.Timeframe) []string {
	names := map[string]struct{}{}
	add := func(sh *shelf) {
		for symbol := range sh.places {
			names[symbol] = struct{}{}
		}
		for symbol := range sh.refused {
			names[symbol] = struct{}{}
		}
	}
	add(&l.shelves[timeframe])
	if timeframe == bars.Daily {
		add(&l.kept.shelf)
	}
	return slices.Sorted(maps.Keys(names))
}

// Info is what a listing says of one symbol.
type Info struct {
	Symbol            string
	Timeframe         bars.Timeframe
	Bars              int
	FirstDay, LastDay int32
	Kept              bool
}

// List says what is held, and which symbols have a reason why not.
func (l *Library) List() (found []Info, faults []*bars.Error) {
	for _, timeframe := range []bars.Timeframe{bars.Daily, bars.Minute} {
		view := l.View(nil, timeframe)
		first := len(found)
		for i := range view.Items {
			item := &view.Items[i]
			for lane, index := range item.Index {
				if n := item.Volume.Len(lane); index >= 0 && n > 0 {
					found = append(found, Info{
						Symbol: view.Symbols[index], Timeframe: timeframe, Bars: n,
						FirstDay: item.Volume.Day(lane, 0), LastDay: item.Volume.Day(lane, n-1),
						Kept: l.isKept(view.Symbols[index], timeframe),
					})
				}
			}
		}
		slices.SortFunc(found[first:], func(a, b Info) int {
			if a.Symbol < b.Symbol {
				return -1
			}
			return 1
		})
		faults = append(faults, view.Errors...)
		view.Release()
	}
	return found, faults
}

func (l *Library) isKept(symbol string, timeframe bars.Timeframe) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, stored := l.kept.places[symbol]
	_, own := l.shelves[timeframe].places[symbol]
	return timeframe == bars.Daily && stored && !own
}

// Size returns how many symbols and bars are held.
func (l *Library) Size() (symbols, held int) {
	for _, timeframe := range []bars.Timeframe{bars.Daily, bars.Minute} {
		view := l.View(nil, timeframe)
		for i := range view.Items {
			for lane, index := range view.Items[i].Index {
				if index >= 0 {
					symbols++
					held += view.Items[i].Volume.Len(lane)
				}
			}
		}
		view.Release()
	}
	return symbols, held
}
