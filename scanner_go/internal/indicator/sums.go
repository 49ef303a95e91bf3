package indicator

// tickSums are the sums of the last 50 and 200 closes on the tick grid, exact as integers.
type tickSums struct{ fast, slow int64 }

func (s *tickSums) take(closes []int64, i int) {
	s.fast += closes[i]
	s.slow += closes[i]
	if i >= FastLength {
		s.fast -= closes[i-FastLength]
	}
	if i >= SlowLength {
		s.slow -= closes[i-SlowLength]
	}
}

// floatSums are the same for closes off the grid.
type floatSums struct{ fast, slow sum }

func (s *floatSums) take(closes []float64, i int) {
	s.fast.add(closes[i])
	s.slow.add(closes[i])
	if i >= FastLength {
		s.fast.add(-closes[i-FastLength])
	}
	if i >= SlowLength {
		s.slow.add(-closes[i-SlowLength])
	}
}

// sum carries in lost what rounding takes from value (Ogita, Rump, Oishi 2005, Sum2): a plain
// running sum would drift for ever after a price collapse.
type sum struct{ value, lost float64 }

func (s *sum) add(x float64) {
	value := s.value + x
	other := value - s.value
	s.lost += (s.value - (value - other)) + (x - other)
	s.value = value
}

func (s *sum) total() float64 { return s.value + s.lost }
