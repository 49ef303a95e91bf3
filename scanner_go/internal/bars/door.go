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
// out of it, as the policy says, and names the bar either way. What it admits is in order.
func (s *Series) Admit(policy Policy) ([]Warning, *Error) {
	n := len(s.Time)
	for _, column := range [][]float64{s.Open, s.High, s.Low, s.Close, s.Volume} {
		if len(column) != n {
			return nil, &Error{Symbol: s.Symbol, Reason: fmt.Sprintf("the columns differ in length: %d times, %d values", n, len(column))}
		}
	}
	if n == 0 {
		return nil, &Error{Symbol: s.Symbol, Reason: "there are no bars"}
	}
	var warnings []Warning
	kept := 0
	for i := range n {
		fault := s.fault(i, kept-1)
		if fault == "" {
			if kept < i {
				s.CopyFrom(kept, s, i, i+1)
			}
			kept++
			continue
		}
		day := s.Day(i)
		text := fmt.Sprintf("bar %s: %s", s.Label(i), fault)
		if policy == Reject {
			return nil, &Error{Symbol: s.Symbol, Day: &day, Reason: text}
		}
		warnings = append(warnings, Warning{Symbol: s.Symbol, Day: &day, Text: text + "; left out"})
	}
	if kept == 0 {
		day := *warnings[0].Day
		return nil, &Error{Symbol: s.Symbol, Day: &day, Reason: fmt.Sprintf("none of %d bars can be scanned; the first: %s", n, warnings[0].Text)}
	}
	s.cut(kept)
	return append(warnings, s.doubts()...), nil
}

func (s *Series) cut(n int) {
	s.Time, s.Volume = s.Time[:n], s.Volume[:n]
	s.Open, s.High, s.Low, s.Close = s.Open[:n], s.High[:n], s.Low[:n], s.Close[:n]
}

// fault is what is wrong with bar i; before is the bar that stands in front of it, or -1.
func (s *Series) fault(i, before int) string {
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
	case s.Timeframe == Daily && (s.Time[i] > maxDay || s.Time[i] < -maxDay):
		return "the date is out of range"
	case s.Timeframe == Minute && (s.Time[i] > maxDay*secondsPerDay || s.Time[i] < -maxDay*secondsPerDay):
		return "the time is out of range"
	case s.Timeframe == Minute && s.Time[i]%secondsPerMinute != 0:
		return "the time is not that of a whole minute"
	case before >= 0 && s.Time[i] == s.Time[before]:
		return "the date stands twice"
	case before >= 0 && s.Time[i] < s.Time[before]:
		return "the date goes back"
	}
	return ""
}

// maxDay bounds dates to about the years that have four digits.
const maxDay = 2_932_896

// doubts are what looks wrong and may be right: to be shown.
func (s *Series) doubts() []Warning { return nil }
