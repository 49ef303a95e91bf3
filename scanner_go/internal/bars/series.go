// Package bars holds bars in memory, column by column, after the door has checked them.
package bars

import (
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
}

// MakeSeries returns a series of n bars to be filled.
func MakeSeries(symbol string, timeframe Timeframe, n int) *Series {
	room := make([]float64, 5*n)
	column := func(i int) []float64 { return room[i*n : (i+1)*n : (i+1)*n] }
	return &Series{
		Symbol: symbol, Timeframe: timeframe, Time: make([]int64, n),
		Open: column(0), High: column(1), Low: column(2), Close: column(3), Volume: column(4),
	}
}

// CopyFrom puts the bars of other from from to to at position at.
func (s *Series) CopyFrom(at int, other *Series, from, to int) {
	copy(s.Time[at:], other.Time[from:to])
	copy(s.Open[at:], other.Open[from:to])
	copy(s.High[at:], other.High[from:to])
	copy(s.Low[at:], other.Low[from:to])
	copy(s.Close[at:], other.Close[from:to])
	copy(s.Volume[at:], other.Volume[from:to])
}

// Join is a new series of these bars, nil for none, and those of next behind them. A first bar of
// next at the time of the last one here takes its place.
func (s *Series) Join(next *Series) (*Series, *Error) {
	n := 0
	if s != nil {
		n = len(s.Time)
		if n > 0 && s.Time[n-1] == next.Time[0] {
			n--
		}
		if n > 0 && s.Time[n-1] >= next.Time[0] {
			day := next.Day(0)
			return nil, &Error{Symbol: next.Symbol, Day: &day, Reason: "bar " + next.Label(0) + ": the date goes back"}
		}
	}
	if n == 0 {
		return next, nil
	}
	before, _ := s.Split(n)
	return before.Behind(next), nil
}

// Behind is next with these bars, nil for none, in front of it, whatever their times.
func (s *Series) Behind(next *Series) *Series {
	if s == nil {
		return next
	}
	whole := MakeSeries(next.Symbol, next.Timeframe, len(s.Time)+len(next.Time))
	whole.CopyFrom(0, s, 0, len(s.Time))
	whole.CopyFrom(len(s.Time), next, 0, len(next.Time))
	return whole
}

// LastBefore is the last bar of before the time; nil when there is none.
func (s *Series) LastBefore(time int64) *Bar {
	i := sort.Search(len(s.Time), func(i int) bool { return s.Time[i] >= time }) - 1
	if i < 0 {
		return nil
	}
	return &Bar{Time: s.Time[i], Close: s.Close[i]}
}

// Split is the first n bars and the rest; they share their columns.
func (s *Series) Split(n int) (first, rest *Series) {
	return &Series{
			Symbol: s.Symbol, Timeframe: s.Timeframe, Time: s.Time[:n], Open: s.Open[:n],
			High: s.High[:n], Low: s.Low[:n], Close: s.Close[:n], Volume: s.Volume[:n],
		}, &Series{
			Symbol: s.Symbol, Timeframe: s.Timeframe, Time: s.Time[n:], Open: s.Open[n:],
			High: s.High[n:], Low: s.Low[n:], Close: s.Close[n:], Volume: s.Volume[n:],
		}
}

const secondsPerMinute = 60

// ToColumn is a time of Series as blocks hold it: days, or minutes since 1970-01-01.
func (t Timeframe) ToColumn(time int64) int64 {
	if t == Minute {
		return floorDiv(time, secondsPerMinute)
	}
	return time
}

// FromColumn is the time of Series that a block holds so.
func (t Timeframe) FromColumn(value int32) int64 {
	if t == Minute {
		return int64(value) * secondsPerMinute
	}
	return int64(value)
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
	return s.Timeframe.day(s.Time[i])
}

// day is that of a time of Series.
func (t Timeframe) day(time int64) int32 {
	if t == Minute {
		return int32(floorDiv(time, secondsPerDay))
	}
	return int32(time)
}

// Label names bar i as a person would.
func (s *Series) Label(i int) string {
	return s.Timeframe.label(s.Time[i])
}

// label is a time of Series as a person writes it.
func (t Timeframe) label(at int64) string {
	if t == Minute {
		return time.Unix(at, 0).UTC().Format("2006-01-02 15:04Z")
	}
	return label(at)
}

// label is a day as a person writes it.
func label(day int64) string {
	return time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a+1)/b - 1
	}
	return a / b
}
