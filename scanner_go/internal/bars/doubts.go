package bars

import (
	"fmt"
	"strings"

	"vst/scanner/internal/session"
)

// Bar is what the warnings about a series need of the bar in front of it.
type Bar struct {
	Time  int64
	Close float64
}

// named is how many of a kind are told one by one.
const named = 5

// folded are warnings of one kind about a symbol: the first few in words, the others as a number.
type folded struct {
	symbol string
	told   []Warning
	more   int
}

func (f *folded) add(day *int32, format string, values ...any) {
	if len(f.told) == named {
		f.more++
		return
	}
	f.told = append(f.told, Warning{Symbol: f.symbol, Day: day, Text: fmt.Sprintf(format, values...)})
}

func (f *folded) list(what string) []Warning {
	if f.more > 0 {
		f.told = append(f.told, Warning{Symbol: f.symbol, Text: fmt.Sprintf("and %d more %s", f.more, what)})
	}
	return f.told
}

// doubts are those about the series; before is the bar in front of it, nil for none.
func (s *Series) doubts(before *Bar) []Warning {
	last, closing := s.Time[0], s.Open[0]
	if before != nil {
		last, closing = before.Time, before.Close
	}
	return Doubts(s.Symbol, s.Timeframe, s.Time, s.Open, s.Close, 1, last, closing)
}

// Doubts are what looks wrong and may be right: days without a bar on which the exchange was open,
// and prices that jump as by a split. Prices are in 1/unit USD; last and closing are the time and
// the close in front of the first bar.
func Doubts[P int32 | float64](
	symbol string, timeframe Timeframe, times []int64, opens, closes []P, unit float64, last int64, closing P,
) []Warning {
	holes := holes{}
	jumps := folded{symbol: symbol}
	calendar := session.NYSE()
	daily := timeframe == Daily
	opens, closes = opens[:len(times)], closes[:len(times)]
	for i, at := range times {
		if daily && at-last > 1 {
			if n := calendar.Between(last, at); n > 0 {
				holes.add(n, last, at)
			}
		}
		// No usual split moves the price by less.
		if open, before := float64(opens[i]), float64(closing); open < 0.81*before || open > 1.97*before {
			if split := looksSplit(before, open, float64(closes[i])); split != "" {
				day := timeframe.day(at)
				jumps.add(&day, "bar %s: opens at %.15g after a close of %.15g, which looks like a %s split that the prices are not adjusted for",
					timeframe.label(at), open/unit, before/unit, split)
			}
		}
		last, closing = at, closes[i]
	}
	return append(holes.list(symbol), jumps.list("jumps that look like splits")...)
}

// A jump looks like a split when the bar opens within opensWithin of what the split would make of
// the close before, and closes within closesWithin of it: one that comes by trading goes on.
const opensWithin, closesWithin = 0.01, 0.05

// splits are the usual ones, shares after and before. Reverse splits are to one share.
var splits = func() [][2]float64 {
	usual := [][2]float64{{3, 2}, {4, 3}, {5, 4}}
	for _, n := range []float64{2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100} {
		usual = append(usual, [2]float64{n, 1}, [2]float64{1, n})
	}
	return usual
}()

// looksSplit names the split that the bar looks like, "" for none.
func looksSplit(before, open, closing float64) string {
	for _, split := range splits {
		expected := before * split[1] / split[0]
		if near(open, expected, opensWithin) && near(closing, expected, closesWithin) {
			return fmt.Sprintf("%g:%g", split[0], split[1])
		}
	}
	return ""
}

func near(price, expected, within float64) bool {
	return price >= expected*(1-within) && price <= expected*(1+within)
}

// holes are stretches of sessions without bars.
type holes struct {
	sessions, count int
	first           int32
	told            []string
}

// add counts n sessions missing between two bars.
func (h *holes) add(n int, after, before int64) {
	h.sessions += n
	h.count++
	if h.count > named {
		return
	}
	first, last := session.NYSE().Span(after, before)
	if h.count == 1 {
		h.first = int32(first)
	}
	span := label(first)
	if last > first {
		span += " to " + label(last)
	}
	h.told = append(h.told, span)
}

// list is one warning at most.
func (h *holes) list(symbol string) []Warning {
	if h.count == 0 {
		return nil
	}
	text := "1 session missing"
	if h.sessions > 1 {
		text = fmt.Sprintf("%d sessions missing", h.sessions)
	}
	if h.count > 1 {
		text += fmt.Sprintf(" in %d gaps", h.count)
	}
	text += ": " + strings.Join(h.told, ", ")
	if h.count > named {
		text += fmt.Sprintf(" and %d more", h.count-named)
	}
	return []Warning{{Symbol: symbol, Day: &h.first, Text: text}}
}
