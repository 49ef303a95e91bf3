package store

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"vst/scanner/internal/bars"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimVariable); dir != "" {
		beVictim(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// daily makes count bars that start on the day. Version tells one import from another.
func daily(symbol string, from, count int, version float64) *bars.Series {
	s := &bars.Series{Symbol: symbol, Timeframe: bars.Daily}
	for i := range count {
		price := version + float64(from+i)/100
		s.Time = append(s.Time, int64(from+i))
		s.Open, s.High = append(s.Open, price), append(s.High, price+1)
		s.Low, s.Close = append(s.Low, price-1), append(s.Close, price+0.5)
		s.Volume = append(s.Volume, version*1000+float64(from+i)/3)
	}
	return s
}

func many(count, from, length int, version float64) []*bars.Series {
	series := make([]*bars.Series, count)
	for i := range series {
		series[i] = daily(fmt.Sprintf("S%04d", i), from, length, version)
	}
	return series
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func write(t testing.TB, s *Store, change Change) {
	t.Helper()
	if err := s.Write(context.Background(), change); err != nil {
		t.Fatal(err)
	}
}

// content is all that the store serves.
func content(t testing.TB, s *Store) map[string]*bars.Series {
	t.Helper()
	snapshot := s.Snapshot()
	defer snapshot.Release()
	return contentOf(t, snapshot)
}

func contentOf(t testing.TB, snapshot *Snapshot) map[string]*bars.Series {
	t.Helper()
	found := map[string]*bars.Series{}
	for _, symbol := range snapshot.Symbols() {
		series, fault := snapshot.Series(symbol)
		if fault != nil {
			t.Fatal(fault)
		}
		found[symbol] = series
	}
	return found
}

func expect(t testing.TB, s *Store, want ...*bars.Series) {
	t.Helper()
	found := content(t, s)
	if len(found) != len(want) {
		t.Fatalf("%d symbols are served, want %d", len(found), len(want))
	}
	for _, series := range want {
		if got := found[series.Symbol]; !equal(got, series) {
			t.Fatalf("%s is %+v, want %+v", series.Symbol, got, series)
		}
	}
}

func equal(a, b *bars.Series) bool {
	return a != nil && a.Symbol == b.Symbol && a.Timeframe == b.Timeframe && slices.Equal(a.Time, b.Time) &&
		slices.Equal(a.Open, b.Open) && slices.Equal(a.High, b.High) && slices.Equal(a.Low, b.Low) &&
		slices.Equal(a.Close, b.Close) && slices.Equal(a.Volume, b.Volume)
}

// segments are the files in the folder, in their order.
func segments(t testing.TB, s *Store) []namedRow {
	t.Helper()
	m, err := readManifest(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return m.Segments
}

func errorsOf(s *Store) map[string]string {
	snapshot := s.Snapshot()
	defer snapshot.Release()
	found := map[string]string{}
	for _, fault := range snapshot.Errors() {
		found[fault.Symbol] = fault.Reason
	}
	return found
}
