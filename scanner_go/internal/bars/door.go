package bars

import (
	"fmt"
	"math"
)

// Policy is what the door does with a bar that may not be scanned.
type Policy int

// The policies of the setting bars.door_policy.
const (
	// Reject refuses the symbol.
	Reject Policy = iota
	// SkipBar leaves the bar out, with a warning.
	SkipBar
)

// Warning is something to know about a symbol's bars that does not keep them from being scanned.
type Warning struct {
	Symbol string
	Day    *int32
	Text   string
}

// Admit is the door. It refuses a series with a bar that may not be scanned, or leaves such bars
// out of it, as the policy says, and names the bar either way. What it admits is in order. before
// is the bar held in front of the series, nil for none; it matters to the warnings alone.
func (s *Series) Admit(policy Policy, before *Bar) ([]Warning, *Error) {
	n := len(s.Time)
	for _, column := range [][]float64{s.Open, s.High, s.Low, s.Close, s.Volume} {
		if len(column) != n {
			return nil, &Error{Symbol: s.Symbol, Reason: fmt.Sprintf("the columns differ in length: %d times, %d values", n, len(column))}
		}
	}
	if n == 0 {
		return nil, &Error{Symbol: s.Symbol, Reason: "there are no bars"}
	}
	var first *Error
	skipped := folded{symbol: s.Symbol}
	kept := 0
	for i := range n {
		if s.sound(i) && (kept == 0 || s.Time[i] > s.Time[kept-1]) {
			if kept < i {
				s.CopyFrom(kept, s, i, i+1)
			}
			kept++
			continue
		}
		fault := s.fault(i, kept-1)
		var day *int32
		if s.dated(i) {
			is := s.Day(i)
			day = &is
		}
		if first == nil {
			first = &Error{Symbol: s.Symbol, Day: day, Reason: s.name(i) + ": " + fault}
		}
		skipped.add(day, "%s: %s; left out", s.name(i), fault)
	}
	switch {
	case first == nil:
	case policy == Reject:
		first.Reason += more(n - kept - 1)
		return nil, first
	case kept == 0:
		first.Reason = fmt.Sprintf("none of %d bars can be scanned; the first: %s", n, first.Reason)
		return nil, first
	}
	s.cut(kept)
	return append(skipped.list("bars left out"), s.doubts(before)...), nil
}

// more counts bad bars behind the one that is named.
func more(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " (and 1 more bad bar)"
	}
	return fmt.Sprintf(" (and %d more bad bars)", n)
}

// name is what a fault calls bar i: its date, or its place where it has none.
func (s *Series) name(i int) string {
	if s.dated(i) {
		return "bar " + s.Label(i)
	}
	return fmt.Sprintf("bar %d", i+1)
}

// dated says whether the time of bar i lies in the years 1 to 9999.
func (s *Series) dated(i int) bool {
	if s.Timeframe == Minute {
		return s.Time[i] >= minDay*secondsPerDay && s.Time[i] < (maxDay+1)*secondsPerDay
	}
	return s.Time[i] >= minDay && s.Time[i] <= maxDay
}

// The days 0001-01-01 and 9999-12-31.
const minDay, maxDay = -719_162, 2_932_896

func (s *Series) cut(n int) {
	s.Time, s.Volume = s.Time[:n], s.Volume[:n]
	s.Open, s.High, s.Low, s.Close = s.Open[:n], s.High[:n], s.Low[:n], s.Close[:n]
}

// sound says whether bar i may be scanned as far as it tells by itself. No number is in no order.
func (s *Series) sound(i int) bool {
	open, high, low, closing, volume := s.Open[i], s.High[i], s.Low[i], s.Close[i], s.Volume[i]
	return open > 0 && low > 0 && closing > 0 && high >= low && volume >= 0 &&
		open <= math.MaxFloat64 && high <= math.MaxFloat64 && closing <= math.MaxFloat64 && volume <= math.MaxFloat64 &&
		s.dated(i) && (s.Timeframe == Daily || s.Time[i]%secondsPerMinute == 0)
}

// fault is what is wrong with bar i; before is the bar that stands in front of it, or -1.
func (s *Series) fault(i, before int) string {
	if !s.dated(i) {
		return "it has no usable date"
	}
	for _, price := range [4]float64{s.Open[i], s.High[i], s.Low[i], s.Close[i]} {
		switch {
		case math.IsNaN(price) || math.IsInf(price, 0):
			return "a price is not a number"
		case price <= 0:
			return fmt.Sprintf("price %.15g is not above 0", price)
		}
	}
	switch {
	case s.High[i] < s.Low[i]:
		return fmt.Sprintf("high %.15g is below low %.15g", s.High[i], s.Low[i])
	case math.IsNaN(s.Volume[i]) || math.IsInf(s.Volume[i], 0):
		return "the volume is not a number"
	case s.Volume[i] < 0:
		return fmt.Sprintf("volume %.15g is negative", s.Volume[i])
	case s.Timeframe == Minute && s.Time[i]%secondsPerMinute != 0:
		return "the time is not that of a whole minute"
	case before >= 0 && s.Time[i] == s.Time[before]:
		return "the date stands twice"
	}
	return "the date goes back"
}
