// Package session knows on which days the New York Stock Exchange was and will be open: by the
// rules of its holidays and a list of the days on which it closed for something else.
package session

import (
	"sync"
	"time"
)

// Calendar answers for days from 1990-01-01 to 2099-12-31; it knows nothing of others. Days count
// from 1970-01-01.
type Calendar struct {
	// upTo[i] is how many sessions there are before day first+i.
	upTo        []uint16
	first, last int64
}

const firstYear, lastYear = 1990, 2099

// NYSE is the one calendar there is; it is made when it is first asked for.
var NYSE = sync.OnceValue(func() *Calendar {
	c := &Calendar{first: day(firstYear, time.January, 1), last: day(lastYear, time.December, 31)}
	closed := map[int64]bool{}
	for _, special := range closures {
		closed[day(special.year, special.month, special.day)] = true
	}
	for year := firstYear; year <= lastYear; year++ {
		for _, holiday := range holidays(year) {
			closed[holiday] = true
		}
	}
	c.upTo = make([]uint16, c.last-c.first+2)
	for d := c.first; d <= c.last; d++ {
		i := d - c.first
		c.upTo[i+1] = c.upTo[i]
		if on := weekday(d); on != time.Saturday && on != time.Sunday && !closed[d] {
			c.upTo[i+1]++
		}
	}
	return c
})

// Open says whether the exchange opens on the day.
func (c *Calendar) Open(day int64) bool { return c.Between(day-1, day+1) == 1 }

// Between is how many sessions lie between the two days, without these.
func (c *Calendar) Between(after, before int64) int {
	from, to := max(after+1, c.first), min(before, c.last+1)
	if from >= to {
		return 0
	}
	return int(c.upTo[to-c.first] - c.upTo[from-c.first])
}

// Span is the first and the last session between the two days; there must be one.
func (c *Calendar) Span(after, before int64) (first, last int64) {
	first, last = max(after+1, c.first), min(before-1, c.last)
	for !c.Open(first) {
		first++
	}
	for !c.Open(last) {
		last--
	}
	return first, last
}

type date struct {
	year  int
	month time.Month
	day   int
}

// closures are days without a session that no rule foretells.
var closures = []date{
	{1994, time.April, 27},     // funeral of Richard Nixon
	{2001, time.September, 11}, // attacks on New York
	{2001, time.September, 12},
	{2001, time.September, 13},
	{2001, time.September, 14},
	{2004, time.June, 11},    // funeral of Ronald Reagan
	{2007, time.January, 2},  // funeral of Gerald Ford
	{2012, time.October, 29}, // hurricane Sandy
	{2012, time.October, 30},
	{2018, time.December, 5}, // funeral of George H. W. Bush
	{2025, time.January, 9},  // funeral of Jimmy Carter
}

// holidays are the days of the year that the exchange keeps, where they are kept.
func holidays(year int) []int64 {
	days := []int64{
		monday(year, time.February, 3), // Washington's Birthday
		easter(year) - 2,               // Good Friday
		monday(year, time.June, 1) - 7, // Memorial Day
		nearest(day(year, time.July, 4)),
		monday(year, time.September, 1), // Labor Day
		nth(year, time.November, time.Thursday, 4),
		nearest(day(year, time.December, 25)),
	}
	// A New Year on a Saturday is not kept: the Friday ends the books of the year before.
	if newYear := day(year, time.January, 1); weekday(newYear) != time.Saturday {
		days = append(days, nearest(newYear))
	}
	if year >= 1998 {
		days = append(days, monday(year, time.January, 3)) // Martin Luther King
	}
	if year >= 2022 {
		days = append(days, nearest(day(year, time.June, 19)))
	}
	return days
}

// nearest is the working day on which a holiday of this date is kept.
func nearest(d int64) int64 {
	switch weekday(d) {
	case time.Saturday:
		return d - 1
	case time.Sunday:
		return d + 1
	}
	return d
}

func monday(year int, month time.Month, n int64) int64 { return nth(year, month, time.Monday, n) }

// nth is the nth such weekday of a month, the first being 1.
func nth(year int, month time.Month, on time.Weekday, n int64) int64 {
	first := day(year, month, 1)
	return first + int64(on-weekday(first)+7)%7 + 7*(n-1)
}

// easter is Easter Sunday by the Gregorian rule in Oudin's form (1940).
func easter(year int) int64 {
	century, golden := year/100, year%19
	k := (century - 17) / 25
	moon := (century - century/4 - (century-k)/3 + 19*golden + 15) % 30
	moon -= moon / 28 * (1 - moon/28*(29/(moon+1))*((21-golden)/11))
	sunday := moon - (year+year/4+moon+2-century+century/4)%7
	return day(year, time.March, 28+sunday)
}

const secondsPerDay = 86400

func day(year int, month time.Month, of int) int64 {
	return time.Date(year, month, of, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
}

// weekday of a day since 1970-01-01, a Thursday.
func weekday(d int64) time.Weekday { return time.Weekday((d + int64(time.Thursday)) % 7) }
