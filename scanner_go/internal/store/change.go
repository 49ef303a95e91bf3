package store

import (
	"fmt"

	"vst/scanner/internal/barfile"
	"vst/scanner/internal/bars"
)

// Change is what one write does: all of it or, on error, nothing.
type Change struct {
	// Replace takes the place of all bars of its symbols.
	Replace []*bars.Series
	// Append follows the symbols' last bars, those of Replace included. A bar on the last day
	// takes that bar's place. A symbol without bars gets its first.
	Append []*bars.Series
}

// The days of 0001-01-01 and 9999-12-31, which every reader knows.
const (
	firstDay = -719162
	lastDay  = 2932896
)

// check says what of the series the format cannot hold, or that a symbol stands twice.
func check(series []*bars.Series) error {
	seen := make(map[string]bool, len(series))
	for _, s := range series {
		if err := barfile.CheckName(s.Symbol); err != nil {
			return err
		}
		if seen[s.Symbol] {
			return &bars.Error{Symbol: s.Symbol, Reason: "it stands twice in one change"}
		}
		seen[s.Symbol] = true
		if reason := fault(s); reason != "" {
			return &bars.Error{Symbol: s.Symbol, Reason: reason}
		}
	}
	return nil
}

func fault(s *bars.Series) string {
	n := len(s.Time)
	switch {
	case s.Timeframe != bars.Daily:
		return "only daily bars are stored"
	case n == 0:
		return "there are no bars"
	case n > barfile.MaxRows:
		return fmt.Sprintf("%d bars are more than %d", n, barfile.MaxRows)
	case s.Time[0] < firstDay || s.Time[n-1] > lastDay:
		return "a day is not in the years 1 to 9999"
	}
	for _, column := range [][]float64{s.Open, s.High, s.Low, s.Close, s.Volume} {
		if len(column) != n {
			return fmt.Sprintf("the columns differ in length: %d days, %d values", n, len(column))
		}
	}
	for i := range n - 1 {
		if s.Time[i+1] <= s.Time[i] {
			return fmt.Sprintf("the bar of %s stands behind that of %s", dateOf(s.Time[i+1]), dateOf(s.Time[i]))
		}
	}
	return ""
}

// sortOut divides a change into the series that become the base of their symbol and those that
// follow bars the view has.
func (v *view) sortOut(change Change) (base, behind []*bars.Series, err error) {
	at := make(map[string]int, len(change.Replace))
	for i, s := range change.Replace {
		at[s.Symbol] = i
		base = append(base, s)
	}
	for _, s := range change.Append {
		held := v.holdings[s.Symbol]
		i, replaced := at[s.Symbol]
		reason := ""
		switch {
		case replaced:
			if reason = follows(s, base[i].Time[len(base[i].Time)-1], len(base[i].Time)); reason == "" {
				base[i] = concat(base[i], s)
			}
		case held == nil && v.nameless:
			reason = "a segment is lost that may have had its bars: replace them, appending would hide the gap"
		case held == nil:
			base = append(base, s)
		case held.fault != "":
			reason = held.fault
		case held.bars == 1 && s.Time[0] == int64(held.runs[0].lastDay()):
			// Nothing of the base would be left to follow.
			base = append(base, s)
		default:
			last := held.runs[len(held.runs)-1].lastDay()
			reason = follows(s, int64(last), held.bars)
			behind = append(behind, s)
		}
		if reason != "" {
			return nil, nil, &bars.Error{Symbol: s.Symbol, Reason: reason}
		}
	}
	return base, behind, nil
}

// follows says why the series cannot follow that many bars, nothing when it can.
func follows(s *bars.Series, last int64, count int) string {
	if s.Time[0] < last {
		return fmt.Sprintf("the bar of %s cannot be appended behind that of %s", dateOf(s.Time[0]), dateOf(last))
	}
	if count+len(s.Time) > barfile.MaxRows {
		return fmt.Sprintf("%d bars are more than %d", count+len(s.Time), barfile.MaxRows)
	}
	return ""
}

// concat lets later follow s, in place of its last bar when that is of the same day.
func concat(s, later *bars.Series) *bars.Series {
	n := len(s.Time)
	if s.Time[n-1] == later.Time[0] {
		n--
	}
	columns := func(first, second []float64) []float64 { return append(first[:n:n], second...) }
	return &bars.Series{
		Symbol: s.Symbol, Timeframe: s.Timeframe,
		Time: append(s.Time[:n:n], later.Time...),
		Open: columns(s.Open, later.Open), High: columns(s.High, later.High),
		Low: columns(s.Low, later.Low), Close: columns(s.Close, later.Close),
		Volume: columns(s.Volume, later.Volume),
	}
}
