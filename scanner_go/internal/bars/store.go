package bars

import (
	"sync"
)

// Store keeps series by symbol and timeframe, and why symbols were refused. Safe for several
// goroutines: a series that was handed out never changes.
type Store struct {
	mu      sync.RWMutex
	series  map[key]*Series
	refused map[key]*Error
	bars    int
}

type key struct {
	symbol    string
	timeframe Timeframe
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{series: map[key]*Series{}, refused: map[key]*Error{}} }

// Replace stores the symbol's bars in place of what was there. A series that does not pass the
// door leaves the symbol with its error.
func (st *Store) Replace(s *Series) *Error {
	k := key{s.Symbol, s.Timeframe}
	fault := s.check(nil)
	if fault == nil {
		s.Ticks = ticks(s.Close)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if fault != nil {
		st.refuse(k, fault)
		return fault
	}
	st.drop(k)
	st.series[k] = s
	st.bars += len(s.Time)
	return nil
}

// Append adds bars after those of the symbol. A symbol that is refused, now or before, stays so
// until its bars are replaced.
func (st *Store) Append(s *Series) *Error {
	k := key{s.Symbol, s.Timeframe}
	st.mu.Lock()
	defer st.mu.Unlock()
	if fault := st.refused[k]; fault != nil {
		return fault
	}
	old := st.series[k]
	if old == nil {
		old = &Series{Symbol: s.Symbol, Timeframe: s.Timeframe}
	}
	var before *int64
	if n := len(old.Time); n > 0 {
		before = &old.Time[n-1]
	}
	if fault := s.check(before); fault != nil {
		st.refuse(k, fault)
		return fault
	}
	// append may write behind the old series' end, where none of its readers looks.
	joined := &Series{
		Symbol: s.Symbol, Timeframe: s.Timeframe,
		Time: append(old.Time, s.Time...),
		Open: append(old.Open, s.Open...), High: append(old.High, s.High...),
		Low: append(old.Low, s.Low...), Close: append(old.Close, s.Close...),
		Volume: append(old.Volume, s.Volume...),
	}
	if grid := ticks(s.Close); grid != nil && len(old.Ticks) == len(old.Close) {
		joined.Ticks = append(old.Ticks, grid...)
	}
	st.series[k] = joined
	st.bars += len(s.Time)
	return nil
}

// Refuse leaves the symbol with this error and no bars.
func (st *Store) Refuse(timeframe Timeframe, fault *Error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.refuse(key{fault.Symbol, timeframe}, fault)
}

func (st *Store) refuse(k key, fault *Error) {
	st.drop(k)
	st.refused[k] = fault
}

func (st *Store) drop(k key) {
	if old := st.series[k]; old != nil {
		st.bars -= len(old.Time)
	}
	delete(st.series, k)
	delete(st.refused, k)
}

// Get returns the symbol's series, or why there is none.
func (st *Store) Get(symbol string, timeframe Timeframe) (*Series, *Error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	k := key{symbol, timeframe}
	if series := st.series[k]; series != nil {
		return series, nil
	}
	if fault := st.refused[k]; fault != nil {
		return nil, fault
	}
	return nil, &Error{Symbol: symbol, Reason: "there are no bars"}
}

// Size returns how many series and bars are stored.
func (st *Store) Size() (series, bars int) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return len(st.series), st.bars
}
