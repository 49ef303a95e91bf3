package library

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"sync"

	"vst/scanner/internal/barfile"
	"vst/scanner/internal/bars"
	"vst/scanner/internal/kernel"
	"vst/scanner/internal/store"
)

// maxLater is how many bars may stand behind a block before its symbols are packed anew.
const maxLater = 64

// maxSpan is how many days may lie between a symbol's first bar and its last: an answer counts
// them in 16 bits.
const maxSpan = math.MaxUint16

// Library keeps bars by symbol and timeframe, and why symbols were refused. What was put into it
// goes before what the bar store has. Safe for several goroutines.
type Library struct {
	mu      sync.Mutex
	shelves [2]shelf
	store   *store.Store
	kept    kept
	// version counts changes of where symbols are found.
	version int
	recent  grouping
}

// shelf is the bars of one timeframe.
type shelf struct {
	places map[string]place
	// loose are series that are not packed into volumes yet.
	loose   map[string]*bars.Series
	refused map[string]*bars.Error
	slots   map[*slot]struct{}
}

// slot is where a volume stands; a new volume takes the place of the old one.
type slot struct {
	volume *Volume
	// live says which lanes are still found here.
	live [bars.Lanes]bool
}

type place struct {
	slot *slot
	lane int
}

func newShelf() shelf {
	return shelf{
		places: map[string]place{}, loose: map[string]*bars.Series{},
		refused: map[string]*bars.Error{}, slots: map[*slot]struct{}{},
	}
}

// New returns an empty library over a bar store, nil for none.
func New(of *store.Store) *Library {
	l := &Library{store: of, kept: newKept()}
	for i := range l.shelves {
		l.shelves[i] = newShelf()
	}
	return l
}

// Replace takes the symbol's bars, which have passed the door, in place of what was there.
func (l *Library) Replace(s *bars.Series) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	l.shelves[s.Timeframe].replace(s)
}

// Refuse leaves the symbol with this error and no bars.
func (l *Library) Refuse(timeframe bars.Timeframe, fault *bars.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	sh := &l.shelves[timeframe]
	sh.drop(fault.Symbol)
	sh.refused[fault.Symbol] = fault
}

// Append takes bars behind those of the symbol; bars at the time of its last one replace that.
// A symbol that is refused, now or before, stays so until its bars are replaced.
func (l *Library) Append(s *bars.Series) *bars.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	sh := &l.shelves[s.Timeframe]
	if fault := sh.refused[s.Symbol]; fault != nil {
		return fault
	}
	before := sh.loose[s.Symbol]
	var p place
	if before == nil {
		p = l.find(s.Symbol, s.Timeframe)
	}
	if p.slot != nil && p.slot.volume.takes(p.lane, s) {
		fault := p.slot.grow(p.lane, s)
		if fault != nil {
			l.version++
			sh.drop(s.Symbol)
			sh.refused[s.Symbol] = fault
		} else if _, own := sh.places[s.Symbol]; !own {
			l.kept.add(s)
		}
		return fault
	}
	l.version++
	if p.slot != nil {
		before = p.slot.volume.series(p.lane, math.MinInt64, math.MaxInt64)
	}
	sh.drop(s.Symbol)
	whole, fault := before.Join(s)
	if fault != nil {
		sh.refused[s.Symbol] = fault
		return fault
	}
	sh.loose[s.Symbol] = whole
	return nil
}

// grow puts bars behind a lane, in a new volume.
func (s *slot) grow(lane int, next *bars.Series) *bars.Error {
	later, fault := s.volume.Later[lane].Join(next)
	if fault != nil {
		return fault
	}
	grown := *s.volume
	grown.Later[lane] = later
	s.volume = &grown
	return nil
}

// Last is the symbol's last bar of before the time; nil when there is none.
func (l *Library) Last(symbol string, timeframe bars.Timeframe, time int64) *bars.Bar {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.shelves[timeframe].loose[symbol]; s != nil {
		return s.LastBefore(time)
	}
	p := l.find(symbol, timeframe)
	if p.slot == nil {
		return nil
	}
	v := p.slot.volume
	for i := v.Len(p.lane) - 1; i >= 0; i-- {
		if at := v.time(p.lane, i); at < time {
			return &bars.Bar{Time: at, Close: v.closing(p.lane, i)}
		}
	}
	return nil
}

// Before is the symbol's bars of before the time; nil when there are none.
func (l *Library) Before(symbol string, timeframe bars.Timeframe, time int64) *bars.Series {
	l.mu.Lock()
	defer l.mu.Unlock()
	whole := l.shelves[timeframe].loose[symbol]
	if p := l.find(symbol, timeframe); whole == nil && p.slot != nil {
		whole = p.slot.volume.series(p.lane, math.MinInt64, math.MaxInt64)
	}
	if whole == nil {
		return nil
	}
	before, _ := whole.Split(sort.Search(len(whole.Time), func(i int) bool { return whole.Time[i] >= time }))
	return before
}

func (sh *shelf) replace(s *bars.Series) {
	sh.drop(s.Symbol)
	delete(sh.refused, s.Symbol)
	sh.loose[s.Symbol] = s
}

func (sh *shelf) drop(symbol string) {
	delete(sh.loose, symbol)
	if p, ok := sh.places[symbol]; ok {
		delete(sh.places, symbol)
		p.slot.live[p.lane] = false
		if p.slot.live == [bars.Lanes]bool{} {
			delete(sh.slots, p.slot)
		}
	}
}

// takes says whether the bars can stand behind the block as it is.
func (v *Volume) takes(lane int, s *bars.Series) bool {
	n := v.Len(lane)
	if v.Lengths[lane] < kernel.Slow || n-v.Lengths[lane]+len(s.Time) > maxLater {
		return false
	}
	if s.Day(len(s.Time)-1)-v.Day(lane, 0) > maxSpan {
		return false
	}
	// A bar that replaces the block's own last one needs a new block.
	return (s.Time[0] > v.time(lane, v.Lengths[lane]-1)) && (v.Block.Ticks == nil || barfile.OnGrid(s))
}

// settle packs what is loose, with the lanes of volumes that lost half of theirs.
func (sh *shelf) settle() {
	if len(sh.loose) == 0 {
		return
	}
	for s := range sh.slots {
		if sparse(s) {
			for lane, live := range s.live {
				if live {
					symbol := s.volume.Block.Symbols[lane]
					whole := s.volume.series(lane, math.MinInt64, math.MaxInt64)
					sh.drop(symbol)
					sh.loose[symbol] = whole
				}
			}
		}
	}
	var series []*bars.Series
	var timeframe bars.Timeframe
	for _, symbol := range slices.Sorted(maps.Keys(sh.loose)) {
		s := sh.loose[symbol]
		timeframe = s.Timeframe
		series = append(series, forBlock(s))
	}
	clear(sh.loose)
	for _, block := range barfile.Pack(series) {
		s := &slot{volume: newVolume(block, timeframe)}
		sh.put(s)
	}
}

// forBlock is the series with times as blocks hold them.
func forBlock(s *bars.Series) *bars.Series {
	if s.Timeframe == bars.Daily {
		return s
	}
	converted := *s
	converted.Time = make([]int64, len(s.Time))
	for i, time := range s.Time {
		converted.Time[i] = s.Timeframe.ToColumn(time)
	}
	return &converted
}

func sparse(s *slot) bool {
	live, had := 0, 0
	for lane, is := range s.live {
		if is {
			live++
		}
		if s.volume.Lengths[lane] > 0 {
			had++
		}
	}
	return 2*live <= had
}

// put makes every lane of the slot found.
func (sh *shelf) put(s *slot) {
	sh.slots[s] = struct{}{}
	for lane, symbol := range s.volume.Block.Symbols {
		n := s.volume.Len(lane)
		if n == 0 {
			continue
		}
		if s.volume.Day(lane, n-1)-s.volume.Day(lane, 0) > maxSpan {
			sh.refused[symbol] = &bars.Error{Symbol: symbol, Reason: "the bars span more than 179 years: check their dates"}
			continue
		}
		s.live[lane] = true
		sh.places[symbol] = place{s, lane}
	}
}

// Refresh takes over what this or another process wrote into the bar store.
func (l *Library) Refresh() error {
	if l.store == nil {
		return nil
	}
	_, err := l.store.Refresh()
	l.mu.Lock()
	defer l.mu.Unlock()
	if view := l.store.Snapshot(); l.kept.view != nil && l.kept.view.Generation() == view.Generation() {
		view.Release()
	} else {
		before := l.kept
		l.kept = openKept(view, before)
		before.close()
		l.version++
	}
	if err != nil {
		return fmt.Errorf("bar store: %w", err)
	}
	return nil
}

// Keep writes the change into the bar store, all of it or nothing; it is then found there.
func (l *Library) Keep(ctx context.Context, change store.Change) error {
	if l.store == nil {
		return errors.New("this scanner has no bar store: start it with a store folder")
	}
	if err := l.store.Write(ctx, change); err != nil {
		return err
	}
	// Until the end of this the old bars are found, then the kept ones: never none.
	if err := l.Refresh(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	for _, list := range [][]*bars.Series{change.Replace, change.Append} {
		for _, s := range list {
			l.shelves[bars.Daily].drop(s.Symbol)
			delete(l.shelves[bars.Daily].refused, s.Symbol)
			delete(l.kept.added, s.Symbol)
		}
	}
	return nil
}

// Close lets the bar store go.
func (l *Library) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept.close()
	l.kept = newKept()
	l.version++
}

// find is where a symbol's bars are; no slot when there are none.
func (l *Library) find(symbol string, timeframe bars.Timeframe) place {
	if p, ok := l.shelves[timeframe].places[symbol]; ok {
		return p
	}
	if timeframe == bars.Daily {
		return l.kept.places[symbol]
	}
	return place{}
}

// fault is why a symbol has no bars.
func (l *Library) fault(symbol string, timeframe bars.Timeframe) *bars.Error {
	if fault := l.shelves[timeframe].refused[symbol]; fault != nil {
		return fault
	}
	if fault := l.kept.refused[symbol]; fault != nil && timeframe == bars.Daily {
		return fault
	}
	return &bars.Error{Symbol: symbol, Reason: "there are no bars"}
}
