// Package bars holds bars in memory, column by column, after the door has checked them.
package bars

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// TicksPerUnit is the grid on which most prices are exact: 1/10000 of a dollar.
const TicksPerUnit = 10000

// Timeframe says how long a bar lasts.
type Timeframe int

// The timeframes that are stored.
const (
	Daily Timeframe = iota
	Minute
)

// Series is the bars of one symbol as columns of the same length, in time order.
// Time is days since 1970-01-01 for daily bars and seconds UTC for minute bars.
type Series struct {
	Symbol                         string
	Timeframe                      Timeframe
	Time                           []int64
	Open, High, Low, Close, Volume []float64
	// Ticks is Close on the tick grid when every close is exact there, else nil.
	Ticks []int64
}

// BarError is a bar that may not be stored or scanned.
type BarError struct {
	Symbol string
	Day    int32
	Reason string
}

func (e *BarError) Error() string { return e.Reason }

// Check is the door: it names the first bar that may not be scanned, or returns nil.
func (s *Series) Check() *BarError {
	n := len(s.Time)
	for _, column := range [][]float64{s.Open, s.High, s.Low, s.Close, s.Volume} {
		if len(column) != n {
			return &BarError{Symbol: s.Symbol, Reason: fmt.Sprintf("columns differ in length: %d times, %d values", n, len(column))}
		}
	}
	if n == 0 {
		return &BarError{Symbol: s.Symbol, Reason: "no bars"}
	}
	for i := range n {
		if reason := s.reason(i); reason != "" {
			day := s.day(i)
			return &BarError{Symbol: s.Symbol, Day: day, Reason: fmt.Sprintf("%s on %s", reason, date(day))}
		}
	}
	return nil
}

func (s *Series) reason(i int) string {
	for _, price := range [4]float64{s.Open[i], s.High[i], s.Low[i], s.Close[i]} {
		switch {
		case math.IsNaN(price) || math.IsInf(price, 0):
			return "a price is not a number"
		case price <= 0:
			return fmt.Sprintf("price %g is not above 0", price)
		}
	}
	switch {
	case s.High[i] < s.Low[i]:
		return fmt.Sprintf("high %g is below low %g", s.High[i], s.Low[i])
	case math.IsNaN(s.Volume[i]) || math.IsInf(s.Volume[i], 0):
		return "the volume is not a number"
	case s.Volume[i] < 0:
		return fmt.Sprintf("volume %g is negative", s.Volume[i])
	case i > 0 && s.Time[i] == s.Time[i-1]:
		return "the date stands twice"
	case i > 0 && s.Time[i] < s.Time[i-1]:
		return "the date goes back"
	}
	return ""
}

func (s *Series) day(i int) int32 {
	if s.Timeframe == Minute {
		return int32(s.Time[i] / 86400)
	}
	return int32(s.Time[i])
}

func date(day int32) string {
	return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly)
}

// fillTicks puts the closes on the tick grid when all of them are exact there.
func (s *Series) fillTicks() {
	ticks := make([]int64, len(s.Close))
	for i, price := range s.Close {
		scaled := price * TicksPerUnit
		ticks[i] = int64(math.Round(scaled))
		if math.Abs(scaled-float64(ticks[i])) > 1e-6 || scaled > 1e12 {
			s.Ticks = nil
			return
		}
	}
	s.Ticks = ticks
}

// Store keeps series by symbol and timeframe. Series are never changed once stored.
type Store struct {
	mu     sync.RWMutex
	series map[key]*Series
	bars   int
}

type key struct {
	symbol    string
	timeframe Timeframe
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{series: map[key]*Series{}} }

// Put replaces the symbol's bars, or appends to them; refused bars leave the old ones.
func (st *Store) Put(s *Series, appending bool) *BarError {
	k := key{s.Symbol, s.Timeframe}
	if appending {
		if old := st.Get(s.Symbol, s.Timeframe); old != nil {
			s = joined(old, s)
		}
	}
	if err := s.Check(); err != nil {
		return err
	}
	s.fillTicks()
	st.mu.Lock()
	defer st.mu.Unlock()
	if old := st.series[k]; old != nil {
		st.bars -= len(old.Time)
	}
	st.series[k] = s
	st.bars += len(s.Time)
	return nil
}

func joined(a, b *Series) *Series {
	return &Series{
		Symbol: a.Symbol, Timeframe: a.Timeframe,
		Time: concat(a.Time, b.Time), Open: concat(a.Open, b.Open), High: concat(a.High, b.High),
		Low: concat(a.Low, b.Low), Close: concat(a.Close, b.Close), Volume: concat(a.Volume, b.Volume),
	}
}

func concat[T any](a, b []T) []T { return append(append(make([]T, 0, len(a)+len(b)), a...), b...) }

// Get returns the symbol's series, nil when there is none.
func (st *Store) Get(symbol string, timeframe Timeframe) *Series {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.series[key{symbol, timeframe}]
}

// Size returns how many series and bars are stored.
func (st *Store) Size() (series, bars int) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return len(st.series), st.bars
}
