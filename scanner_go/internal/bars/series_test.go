package bars

import (
	"slices"
	"testing"
)

func TestJoiningTakesTheLaterBarOfOneTime(t *testing.T) {
	for name, c := range map[string]struct {
		first, next []int64
		want        []float64
	}{
		"behind":        {[]int64{1, 2}, []int64{3}, []float64{20, 21, 120}},
		"of the last":   {[]int64{1, 2}, []int64{2, 3}, []float64{20, 120, 121}},
		"of the only":   {[]int64{2}, []int64{2}, []float64{120}},
		"in front none": {nil, []int64{2}, []float64{120}},
	} {
		t.Run(name, func(t *testing.T) {
			var first *Series
			if c.first != nil {
				first = plain(c.first...)
			}
			next := plain(c.next...)
			for i := range next.Close {
				next.Close[i] += 100
			}
			whole, fault := first.Join(next)
			if fault != nil || !slices.Equal(whole.Close, c.want) {
				t.Errorf("got %v, %v", whole, fault)
			}
		})
	}
}

func TestJoiningBarsOfBeforeNamesTheFirst(t *testing.T) {
	for _, days := range [][]int64{{monday}, {monday + 1, monday + 9}} {
		_, fault := plain(monday, monday+1, monday+2).Join(plain(days...))
		if fault == nil || fault.Reason != "bar "+label(days[0])+": the date goes back" || int64(*fault.Day) != days[0] {
			t.Errorf("got %v", fault)
		}
	}
}

func TestBehindPutsBarsInFrontWhateverTheirTimes(t *testing.T) {
	whole := plain(5, 6).Behind(plain(3))
	if !slices.Equal(whole.Time, []int64{5, 6, 3}) || !slices.Equal(whole.High, []float64{21, 22, 21}) {
		t.Errorf("got %+v", whole)
	}
	var none *Series
	if next := plain(3); none.Behind(next) != next {
		t.Error("bars with none in front changed")
	}
}

func TestSplitSharesTheColumnsAndCopyFromDoesNot(t *testing.T) {
	s := plain(1, 2, 3)
	first, rest := s.Split(2)
	if !slices.Equal(first.Time, []int64{1, 2}) || !slices.Equal(rest.Close, []float64{22}) {
		t.Fatalf("got %v and %v", first, rest)
	}
	copied := MakeSeries("AAPL", Daily, 2)
	copied.CopyFrom(1, s, 2, 3)
	s.Close[2] = 7
	if rest.Close[0] != 7 || copied.Close[1] != 22 || copied.Time[1] != 3 || copied.Volume[0] != 0 {
		t.Errorf("got %v and %v", rest, copied)
	}
}

func TestTheLastBarBeforeATime(t *testing.T) {
	s := plain(10, 12, 14)
	for time, want := range map[int64]float64{10: 0, 11: 20, 12: 20, 14: 21, 15: 22, 99: 22} {
		switch got := s.LastBefore(time); {
		case got == nil && want != 0, got != nil && got.Close != want:
			t.Errorf("before %d: %+v, want %g", time, got, want)
		}
	}
}

func TestDaysBeforeTheEpochAreFloored(t *testing.T) {
	s := &Series{Timeframe: Minute, Time: []int64{-1, -86400, -86401}}
	for i, want := range []int32{-1, -1, -2} {
		if got := s.Day(i); got != want {
			t.Errorf("second %d is day %d, want %d", s.Time[i], got, want)
		}
	}
	if got := Minute.ToColumn(-1); got != -1 {
		t.Errorf("second -1 is minute %d", got)
	}
	if got := Minute.FromColumn(-2); got != -120 {
		t.Errorf("minute -2 is second %d", got)
	}
}
