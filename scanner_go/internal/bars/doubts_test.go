package bars

import (
	"slices"
	"testing"

	"vst/scanner/internal/session"
)

// sessions are n days of sessions from a day on.
func sessions(from int64, n int) []int64 {
	var days []int64
	for day := from; len(days) < n; day++ {
		if session.NYSE().Open(day) {
			days = append(days, day)
		}
	}
	return days
}

func doubts(t *testing.T, s *Series, before *Bar) []string {
	t.Helper()
	n := len(s.Time)
	warnings, fault := s.Admit(Reject, before)
	if fault != nil || len(s.Time) != n {
		t.Fatalf("%v; %d of %d bars", fault, len(s.Time), n)
	}
	return texts(warnings)
}

func TestMissingSessionsAreOneWarning(t *testing.T) {
	all := sessions(monday, 60)
	without := func(from, to int) []int64 { return slices.Concat(all[:from], all[to:]) }
	many := slices.Clone(all)
	for _, i := range []int{40, 30, 20, 12, 10, 7, 3} {
		many = slices.Delete(many, i, i+1)
	}
	for name, c := range map[string]struct {
		days []int64
		want []string
	}{
		"none":           {all, nil},
		"one":            {without(4, 5), []string{"1 session missing: 2014-06-13"}},
		"over a weekend": {without(4, 6), []string{"2 sessions missing: 2014-06-13 to 2014-06-16"}},
		"before a holiday": {without(18, 19), // 2014-07-03
			[]string{"1 session missing: 2014-07-03"}},
		"two gaps": {slices.Delete(without(10, 13), 4, 5),
			[]string{"4 sessions missing in 2 gaps: 2014-06-13, 2014-06-23 to 2014-06-25"}},
		"seven gaps": {many, []string{
			"7 sessions missing in 7 gaps: 2014-06-12, 2014-06-18, 2014-06-23, 2014-06-25, 2014-07-08 and 2 more"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(c.days...)
			for i := range s.Time { // without jumps
				s.Open[i], s.High[i], s.Low[i], s.Close[i] = 20, 21, 19, 20
			}
			if got := doubts(t, s, nil); !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAJumpThatLooksLikeASplitIsAWarning(t *testing.T) {
	for name, c := range map[string]struct {
		before, open, closing float64
		want                  string
	}{
		"2:1":              {100, 50.3, 51, "2:1"},
		"7:1":              {645.57, 92.7, 93.7, "7:1"},
		"3:2":              {60, 40, 41, "3:2"},
		"4:3":              {60, 45, 44, "4:3"},
		"5:4":              {60, 48.4, 48, "5:4"},
		"1:2":              {60, 120, 119, "1:2"},
		"1:10":             {1.2, 12, 11.9, "1:10"},
		"100:1":            {5000, 50, 50, "100:1"},
		"opens elsewhere":  {100, 51.1, 50, ""},
		"goes on falling":  {100, 50, 47, ""},
		"a crash by day":   {100, 99, 50, ""},
		"no usual ratio":   {100, 60, 60, ""},
		"2:3 is not usual": {60, 90, 90, ""},
		"an ordinary fall": {100, 81.5, 81.5, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(monday, monday+1)
			s.Open[0], s.High[0], s.Low[0], s.Close[0] = c.before, c.before, c.before, c.before
			s.Open[1], s.High[1], s.Low[1], s.Close[1] = c.open, max(c.open, c.closing), min(c.open, c.closing), c.closing
			if split := looksSplit(c.before, c.open, c.closing); split != c.want {
				t.Fatalf("looks like %q, want %q", split, c.want)
			}
			if got := doubts(t, s, nil); (len(got) == 1) != (c.want != "") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestTheWarningOfASplitSaysWhatItIsAbout(t *testing.T) {
	s := plain(monday)
	got := doubts(t, s, &Bar{Time: monday - 3, Close: 40.25})
	want := "bar 2014-06-09: opens at 20 after a close of 40.25, which looks like a 2:1 split that the prices are not adjusted for"
	if !slices.Equal(got, []string{want}) {
		t.Errorf("got %q", got)
	}
}

func TestTheBarInFrontCounts(t *testing.T) {
	if got := doubts(t, plain(monday), &Bar{Time: monday - 4, Close: 20}); !slices.Equal(got, []string{"1 session missing: 2014-06-06"}) {
		t.Errorf("got %q", got)
	}
	if got := doubts(t, plain(monday), nil); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

func TestManyJumpsAreFolded(t *testing.T) {
	s := plain(sessions(monday, 9)...)
	for i := range s.Time {
		price := 10 * float64(1+i%2)
		s.Open[i], s.High[i], s.Low[i], s.Close[i] = price, price, price, price
	}
	got := doubts(t, s, nil)
	if len(got) != 6 || got[5] != "and 3 more jumps that look like splits" {
		t.Errorf("got %q", got)
	}
}

func TestMinuteBarsMayPause(t *testing.T) {
	s := plain(monday*secondsPerDay, (monday+30)*secondsPerDay)
	s.Timeframe = Minute
	if got := doubts(t, s, nil); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

func BenchmarkAdmit(b *testing.B) {
	s := plain(sessions(7305, 9000)...)
	for i := range s.Time {
		s.Open[i], s.High[i], s.Low[i], s.Close[i] = 20, 21, 19, 20
	}
	perBar := func(b *testing.B, f func()) {
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.Time)), "ns/bar")
	}
	b.Run("door", func(b *testing.B) {
		perBar(b, func() {
			if _, fault := s.Admit(Reject, nil); fault != nil {
				b.Fatal(fault)
			}
		})
	})
	b.Run("doubts", func(b *testing.B) {
		perBar(b, func() {
			if found := s.doubts(nil); found != nil {
				b.Fatal(found)
			}
		})
	})
}
