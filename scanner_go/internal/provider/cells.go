package provider

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"vst/scanner/internal/bars"
)

// columnNames are the columns of a bar, in the order of its values.
var columnNames = [columns]string{"open", "high", "low", "close", "volume"}

// layout is where the columns stand in a file. symbol is -1 in the file of one symbol.
type layout struct {
	symbol, date int
	values       [columns]int
}

// columnsError says which columns a file lacks. long says that it has a column symbol.
type columnsError struct {
	reason string
	long   bool
}

func (e *columnsError) Error() string { return e.reason }

// findColumns finds the columns by name, in any case and order; others are ignored.
func findColumns(header []string) (layout, error) {
	at, count := map[string]int{}, map[string]int{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		at[name] = i
		count[name]++
	}
	var faults []string
	find := func(name string) int {
		switch count[name] {
		case 0:
			faults = append(faults, "it has no column "+name)
		case 1:
		default:
			faults = append(faults, fmt.Sprintf("it has %d columns %s", count[name], name))
		}
		return at[name]
	}
	l := layout{symbol: -1, date: find("date")}
	for i, name := range columnNames {
		l.values[i] = find(name)
	}
	long := count["symbol"] > 0
	if long {
		l.symbol = find("symbol")
	}
	if len(faults) > 0 {
		return layout{}, &columnsError{strings.Join(faults, ", "), long}
	}
	return l, nil
}

// parseNumber reads a cell. An empty one and NaN are no number of this bar: the door names it.
func parseNumber(cell string) (float64, error) {
	if cell == "" {
		return math.NaN(), nil
	}
	value, err := strconv.ParseFloat(cell, 64)
	if err != nil && !math.IsInf(value, 0) {
		return 0, fmt.Errorf("%q is not a number", brief(cell))
	}
	return value, nil
}

// parseTime reads an ISO date, or a date and time. A daily bar is of the date that is written there,
// whatever the zone; a minute bar's time without a zone is UTC.
func parseTime(cell string, timeframe bars.Timeframe) (int64, error) {
	date, clock := cell, ""
	if len(cell) > len(time.DateOnly) {
		date, clock = cell[:len(time.DateOnly)], cell[len(time.DateOnly):]
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, fmt.Errorf("%q is not an ISO date", brief(cell))
	}
	if clock == "" {
		if timeframe == bars.Minute {
			return 0, fmt.Errorf("%q has no time of day", brief(cell))
		}
		return inUnit(day, timeframe), nil
	}
	for _, form := range []string{"T15:04:05Z07:00", " 15:04:05Z07:00", " 15:04:05", "T15:04:05", " 15:04", "T15:04", "T15:04Z07:00"} {
		at, err := time.Parse(time.DateOnly+form, cell)
		switch {
		case err != nil:
		case timeframe == bars.Minute:
			return at.Unix(), nil
		default:
			return inUnit(day, timeframe), nil
		}
	}
	return 0, fmt.Errorf("%q is not a date and time such as 2014-06-09T13:30:00Z", brief(cell))
}
