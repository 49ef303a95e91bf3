// Package bars holds bars in memory, column by column, after the door has checked them.
package bars

import (
	"fmt"
	"math"
	"sort"
	"time"
)

// TicksPerUnit is the grid on which most prices are exact: 1/10000 of a dollar.
const TicksPerUnit = 10000

const secondsPerDay = 86400

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

// Error says why a symbol cannot be scanned. Day is that of the bar at fault, nil when it is
// not one bar.
type Error struct {
	Symbol string
	Day    *int32
	Reason string
}

func (e *Error) Error() string { return e.Symbol + ": " + e.Reason }

// Day is the day of bar i, in days since 1970-01-01.
func (s *Series) Day(i int) int32 {
	if s.Timeframe == Minute {
		return int32(floorDiv(s.Time[i], secondsPerDay))
	}
	return int32(s.Time[i])
}

// Between returns the range of bars that lie on the days from start to end, both included.
func (s *Series) Between(start, end int32) (from, to int) {
	from = sort.Search(len(s.Time), func(i int) bool { return s.Day(i) >= start })
	return from, max(from, sort.Search(len(s.Time), func(i int) bool { return s.Day(i) > end }))
}

// check is the door: it names the first bar that may not be scanned, or returns nil. before is
// the time of the bar that stands in front of the first, nil when there is none.
func (s *Series) check(before *int64) *Error {
	n := len(s.Time)
	for _, column := range [][]float64{s.Open, s.High, s.Low, s.Close, s.Volume} {
		if len(column) != n {
			return &Error{Symbol: s.Symbol, Reason: fmt.Sprintf("the columns differ in length: %d times, %d values", n, len(column))}
		}
	}
	if n == 0 {
		return &Error{Symbol: s.Symbol, Reason: "there are no bars"}
	}
	for i := range n {
		if i > 0 {
			before = &s.Time[i-1]
		}
		if fault := s.fault(i, before); fault != "" {
			day := s.Day(i)
			return &Error{Symbol: s.Symbol, Day: &day, Reason: fmt.Sprintf("bar %s: %s", s.label(i), fault)}
		}
	}
	return nil
}

func (s *Series) fault(i int, before *int64) string {
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
	case before != nil && s.Time[i] == *before:
		return "the date stands twice"
	case before != nil && s.Time[i] < *before:
		return "the date goes back"
	}
	return ""
}

// label names bar i as a person would.
func (s *Series) label(i int) string {
	if s.Timeframe == Minute {
		return time.Unix(s.Time[i], 0).UTC().Format("2006-01-02 15:04Z")
	}
	return time.Unix(s.Time[i]*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

// ticks puts closes on the tick grid; nil when one of them is not exact there.
func ticks(closes []float64) []int64 {
	// Sums of 200 closes must stay exact, as integers and as the floats they become.
	const largest = 1 << 44
	grid := make([]int64, len(closes))
	for i, price := range closes {
		tick := math.Round(price * TicksPerUnit)
		if tick > largest || tick/TicksPerUnit != price {
			return nil
		}
		grid[i] = int64(tick)
	}
	return grid
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a+1)/b - 1
	}
	return a / b
}
