package scan

import "vst/scanner/internal/kernel"

// scratch is room for one worker's columns.
type scratch[P kernel.Price] struct {
	zeros   []P
	single  []P
	windows [2][]P
}

func (s *scratch[P]) prepare() {
	if s.zeros == nil {
		s.zeros = make([]P, kernel.ChunkRows*lanes)
		s.single = make([]P, 6*lanes)
	}
}

// row is one empty row.
func (s *scratch[P]) row() kernel.Rows[P] {
	clear(s.single)
	cut := func(i int) []P { return s.single[i*lanes : (i+1)*lanes] }
	return kernel.Rows[P]{Close: cut(0), High: cut(1), Low: cut(2), OldFast: cut(3), OldSlow: cut(4), Base: cut(5)}
}

// lowest finds for each value of the rows from row to next the lowest of the lookback rows that
// end with it, or of those there are. It doubles the window, each time with one minimum a value:
// the least of 8 rows is that of the least of 4 here and the least of 4 four rows above.
func (s *scratch[P]) lowest(lows []P, row, next, lookback int) []P {
	first := max(0, row-lookback+1)
	size := (next - first) * lanes
	for i := range s.windows {
		if len(s.windows[i]) < size {
			s.windows[i] = make([]P, size)
		}
	}
	current, spare := s.windows[0][:size], s.windows[1][:size]
	copy(current, lows[first*lanes:next*lanes])
	for window := 1; window < lookback; {
		by := min(window, lookback-window)
		shift := min(by*lanes, size)
		// The first rows have seen all there are above them.
		copy(spare, current[:shift])
		least(spare[shift:], current[shift:], current[:size-shift])
		current, spare = spare, current
		window += by
	}
	return current[(row-first)*lanes:]
}

// least is the lower of two values at each place.
func least[P kernel.Price](to, a, b []P) {
	a, b = a[:len(to)], b[:len(to)]
	for i := range to {
		to[i] = min(a[i], b[i])
	}
}
