package bars

import (
	"math"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain are bars of these times; the price rises by 1 a bar, from 20.
func plain(times ...int64) *Series {
	s := MakeSeries("AAPL", Daily, len(times))
	copy(s.Time, times)
	for i := range times {
		price := 20 + float64(i)
		s.Open[i], s.High[i], s.Low[i], s.Close[i], s.Volume[i] = price, price+1, price-1, price, 100
	}
	return s
}

func texts(warnings []Warning) []string {
	found := make([]string, len(warnings))
	for i, w := range warnings {
		found[i] = w.Text
	}
	return found
}

const monday = 16230 // 2014-06-09

func TestTheDoorNamesTheBar(t *testing.T) {
	const none = math.MinInt32
	cases := map[string]struct {
		spoil func(*Series)
		want  string
		day   int32
	}{
		"a date twice":      {func(s *Series) { s.Time[2] = s.Time[1] }, "bar 2014-06-10: the date stands twice", monday + 1},
		"a date back":       {func(s *Series) { s.Time[2] = monday }, "bar 2014-06-09: the date goes back", monday},
		"a date too far":    {func(s *Series) { s.Time[2] = maxDay + 1 }, "bar 3: it has no usable date", none},
		"a date too old":    {func(s *Series) { s.Time[0] = minDay - 1 }, "bar 1: it has no usable date", none},
		"no number":         {func(s *Series) { s.Close[1] = math.NaN() }, "bar 2014-06-10: a price is not a number", monday + 1},
		"infinite":          {func(s *Series) { s.Open[1] = math.Inf(1) }, "bar 2014-06-10: a price is not a number", monday + 1},
		"price of zero":     {func(s *Series) { s.Low[0] = 0 }, "bar 2014-06-09: price 0 is not above 0", monday},
		"price below zero":  {func(s *Series) { s.Open[2] = -3.25 }, "bar 2014-06-11: price -3.25 is not above 0", monday + 2},
		"high below low":    {func(s *Series) { s.High[1] = 5 }, "bar 2014-06-10: high 5 is below low 20", monday + 1},
		"much below low":    {func(s *Series) { s.Low[1] = 1234567.5 }, "bar 2014-06-10: high 22 is below low 1234567.5", monday + 1},
		"negative volume":   {func(s *Series) { s.Volume[1] = -1 }, "bar 2014-06-10: volume -1 is negative", monday + 1},
		"volume no number":  {func(s *Series) { s.Volume[1] = math.NaN() }, "bar 2014-06-10: the volume is not a number", monday + 1},
		"volume infinite":   {func(s *Series) { s.Volume[1] = math.Inf(1) }, "bar 2014-06-10: the volume is not a number", monday + 1},
		"first of two bad":  {func(s *Series) { s.Low[1], s.Low[2] = 0, 0 }, "bar 2014-06-10: price 0 is not above 0 (and 1 more bad bar)", monday + 1},
		"first of many bad": {func(s *Series) { clear(s.Close) }, "bar 2014-06-09: price 0 is not above 0 (and 3 more bad bars)", monday},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := plain(monday, monday+1, monday+2, monday+3)
			c.spoil(s)
			warnings, fault := s.Admit(Reject, nil)
			if fault == nil || fault.Reason != c.want || fault.Symbol != "AAPL" || len(warnings) > 0 {
				t.Fatalf("got %+v, %v, want %q", fault, warnings, c.want)
			}
			if got := fault.Day; c.day == none && got != nil || c.day != none && (got == nil || *got != c.day) {
				t.Errorf("the day is %v, want %d", got, c.day)
			}
		})
	}
}

func TestSoundBarsPassUntouched(t *testing.T) {
	s := plain(monday, monday+1, monday+2)
	if warnings, fault := s.Admit(Reject, nil); fault != nil || len(warnings) > 0 || len(s.Time) != 3 {
		t.Errorf("got %v, %v, %+v", warnings, fault, s)
	}
}

func TestColumnsMustBeThereAndOfOneLength(t *testing.T) {
	short := plain(1, 2)
	short.Low = short.Low[:1]
	for want, s := range map[string]*Series{
		"the columns differ in length: 2 times, 1 values": short, "there are no bars": {Symbol: "AAPL"},
	} {
		for _, policy := range []Policy{Reject, SkipBar} {
			if _, fault := s.Admit(policy, nil); fault == nil || fault.Day != nil || fault.Reason != want {
				t.Errorf("got %+v, want %q", fault, want)
			}
		}
	}
}

func TestSkippingLeavesTheBadBarsOutAndNamesThem(t *testing.T) {
	s := plain(monday, monday+1, monday+1, monday+2, monday+1, monday+3)
	s.Low[3] = -1
	warnings, fault := s.Admit(SkipBar, nil)
	if fault != nil {
		t.Fatal(fault)
	}
	want := []string{
		"bar 2014-06-10: the date stands twice; left out",
		"bar 2014-06-11: price -1 is not above 0; left out",
		"bar 2014-06-10: the date stands twice; left out",
		"1 session missing: 2014-06-11",
	}
	if got := texts(warnings); !slices.Equal(got, want) || *warnings[1].Day != monday+2 {
		t.Errorf("got %q", got)
	}
	if !slices.Equal(s.Time, []int64{monday, monday + 1, monday + 3}) || !slices.Equal(s.Close, []float64{20, 21, 25}) {
		t.Errorf("what stays is %v, %v", s.Time, s.Close)
	}
	for _, column := range [][]float64{s.Open, s.High, s.Low, s.Volume} {
		if len(column) != 3 {
			t.Errorf("columns of %d bars", len(column))
		}
	}
}

func TestABarTooFarAheadSpoilsThoseBehindIt(t *testing.T) {
	s := plain(monday, monday+300, monday+1, monday+2)
	if _, fault := s.Admit(Reject, nil); fault == nil || fault.Reason != "bar 2014-06-10: the date goes back (and 1 more bad bar)" {
		t.Errorf("got %v", fault)
	}
}

func TestManySkippedBarsAreFolded(t *testing.T) {
	s := plain(monday, monday+1, monday+2, monday+3, monday+4, monday+7, monday+8, monday+9, monday+10)
	for i := 1; i < 8; i++ {
		s.Low[i] = 0
	}
	warnings, fault := s.Admit(SkipBar, nil)
	if fault != nil {
		t.Fatal(fault)
	}
	got := texts(warnings)
	want := []string{
		"bar 2014-06-16: price 0 is not above 0; left out", "and 2 more bars left out",
		"7 sessions missing: 2014-06-10 to 2014-06-18",
	}
	if len(got) != 7 || !slices.Equal(got[4:], want) || warnings[5].Day != nil {
		t.Errorf("got %q", got)
	}
}

func TestNoBarToKeepIsAnErrorUnderEitherPolicy(t *testing.T) {
	s := plain(monday, monday+1)
	clear(s.Open)
	_, fault := s.Admit(SkipBar, nil)
	if fault == nil || fault.Reason != "none of 2 bars can be scanned; the first: bar 2014-06-09: price 0 is not above 0" || *fault.Day != monday {
		t.Errorf("got %v", fault)
	}
}

func TestMinuteBarsStandOnWholeMinutes(t *testing.T) {
	const at = monday*secondsPerDay + 52200
	s := plain(at, at+60, at+90)
	s.Timeframe = Minute
	warnings, fault := s.Admit(SkipBar, nil)
	if fault != nil || len(s.Time) != 2 {
		t.Fatal(fault, s.Time)
	}
	if got := texts(warnings); !slices.Equal(got, []string{"bar 2014-06-09 14:31Z: the time is not that of a whole minute; left out"}) {
		t.Errorf("got %q", got)
	}
	for _, odd := range []int64{(maxDay + 1) * secondsPerDay, minDay*secondsPerDay - 60} {
		s = plain(odd)
		s.Timeframe = Minute
		if _, fault := s.Admit(Reject, nil); fault == nil || fault.Reason != "bar 1: it has no usable date" {
			t.Errorf("got %v", fault)
		}
	}
}

func FuzzTheDoorLetsOnlySoundBarsIn(f *testing.F) {
	f.Add(int64(1), 10.0, 11.0, 9.0, 10.0, 5.0)
	f.Add(int64(0), math.NaN(), math.Inf(1), -1.0, 0.0, -5.0)
	f.Add(int64(maxDay+1), 10.0, 11.0, 9.0, 10.0, 5.0)
	f.Fuzz(func(t *testing.T, day int64, open, high, low, closing, volume float64) {
		make2 := func() *Series {
			return &Series{
				Symbol: "X", Time: []int64{0, day}, Open: []float64{1, open}, High: []float64{1, high},
				Low: []float64{1, low}, Close: []float64{1, closing}, Volume: []float64{1, volume},
			}
		}
		sound := day > 0 && day <= maxDay && volume >= 0 && !math.IsInf(volume, 0) && high >= low
		for _, price := range []float64{open, high, low, closing} {
			sound = sound && price > 0 && !math.IsInf(price, 0)
		}
		if _, fault := make2().Admit(Reject, nil); (fault == nil) != sound {
			t.Errorf("sound is %v, the door says %+v", sound, fault)
		}
		s := make2()
		warnings, fault := s.Admit(SkipBar, nil)
		leftOut := slices.ContainsFunc(warnings, func(w Warning) bool { return strings.HasSuffix(w.Text, "; left out") })
		if fault != nil || leftOut == sound || len(s.Time) != 2 && sound || len(s.Time) != 1 && !sound {
			t.Errorf("sound is %v: %d bars, %v, %v", sound, len(s.Time), warnings, fault)
		}
	})
}
