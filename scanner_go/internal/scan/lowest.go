package scan

import "math"

// lowest finds the lowest value of the last lookback ones. Windows are asked for in order of
// their ends, so that most answers need a look at the new values only.
type lowest struct {
	values   []float64
	lookback int
	at, seen int
}

// ending returns the lowest value of the window that ends with i, NaN while it is not full.
func (l *lowest) ending(i int) float64 {
	from := i + 1 - l.lookback
	if from < 0 {
		return math.NaN()
	}
	if l.at < from {
		l.at, l.seen = from, from
	}
	for k := l.seen + 1; k <= i; k++ {
		if l.values[k] <= l.values[l.at] {
			l.at = k
		}
	}
	l.seen = i
	return l.values[l.at]
}
