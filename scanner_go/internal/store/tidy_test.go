package store

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"vst/scanner/internal/bars"
)

func modes(t *testing.T, s *Store) (replace, appended int) {
	t.Helper()
	for _, row := range segments(t, s) {
		if row.Mode == modeReplace {
			replace++
		} else {
			appended++
		}
	}
	return replace, appended
}

func TestManyAppendedSegmentsAreMadeOne(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, Change{Replace: many(200, 100, 400, 10)})
	for i := range maxSmall {
		write(t, s, Change{Append: many(200, 500+i, 1, 10)})
	}
	if _, appended := modes(t, s); appended != maxSmall {
		t.Fatalf("%d appended segments stand", appended)
	}
	// In between a symbol gets a new base: its older appended bars are dead.
	write(t, s, Change{Replace: []*bars.Series{daily("S0007", 1, 9, 20)}})
	write(t, s, Change{Append: []*bars.Series{daily("S0000", 500+maxSmall, 1, 10), daily("S0007", 10, 1, 20)}})
	if replace, appended := modes(t, s); replace != 2 || appended != 1 {
		t.Fatalf("%d bases and %d appended segments stand", replace, appended)
	}
	want := many(200, 100, 400+maxSmall, 10)
	want[0], want[7] = daily("S0000", 100, 401+maxSmall, 10), daily("S0007", 1, 10, 20)
	expect(t, s, want...)
	expect(t, open(t, s.dir), want...)
}

func TestAnAppendRewritesNoMoreThanAPartOfTheStore(t *testing.T) {
	s := open(t, t.TempDir())
	s.foldBars = 2100
	// One write takes up three of the four bases.
	const symbols, base, appended = 4, 500, 200
	want := many(symbols, 0, base+appended, 10)
	for i := range symbols {
		write(t, s, Change{Replace: []*bars.Series{daily(want[i].Symbol, 0, base, 10)}})
	}
	write(t, s, Change{Append: many(symbols, base, appended, 10)})
	expect(t, s, want...)
	if replace, appended := modes(t, s); replace != 2 || appended != 1 {
		t.Fatalf("%d bases and %d appended segments after the first write", replace, appended)
	}
	want[0] = daily("S0000", 0, base+appended+1, 10)
	write(t, s, Change{Append: []*bars.Series{daily("S0000", base+appended, 1, 10)}})
	if replace, appended := modes(t, s); replace != 2 || appended != 1 {
		t.Fatalf("%d bases and %d appended segments after the second write", replace, appended)
	}
	expect(t, s, want...)
}

func TestAppendedSegmentsThatAreLargeAreNotWrittenAgain(t *testing.T) {
	s := open(t, t.TempDir())
	s.foldBars = 100 * maxSmall
	write(t, s, Change{Replace: many(100, 0, 16*maxSmall, 10)})
	for day := range 2*maxSmall + 2 {
		write(t, s, Change{Append: many(100, 16*maxSmall+day, 1, 10)})
	}
	// What was merged first is above the bound, so the later ones make a second.
	if replace, appended := modes(t, s); replace != 1 || appended != 2 {
		t.Fatalf("%d bases and %d appended segments stand", replace, appended)
	}
	expect(t, s, many(100, 0, 18*maxSmall+2, 10)...)
}

func TestDeadLanesGoWhenTheyAreMany(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, Change{Replace: many(100, 0, 50, 10)})
	want := many(100, 0, 50, 10)
	for i := range 30 {
		want[i] = daily(want[i].Symbol, 0, 50, 20)
		write(t, s, Change{Replace: want[i : i+1]})
		if replace, _ := modes(t, s); replace > maxSmall+2 {
			t.Fatalf("%d bases stand after %d replacements", replace, i+1)
		}
	}
	expect(t, s, want...)
	snapshot := s.Snapshot()
	defer snapshot.Release()
	rows := 0
	for _, seg := range snapshot.view.segments {
		w := snapshot.view.weigh(seg)
		rows += w.live + w.dead
	}
	if rows > 100*50*5/4 {
		t.Fatalf("%d bars are kept for %d", rows, 100*50)
	}
}

func TestAFaultySymbolStopsNeitherAppendsNorTidying(t *testing.T) {
	dir, _ := spoilt(t, 2, spoils["bit of a price"])
	s := open(t, dir)
	for i := range 3 * maxSmall {
		write(t, s, Change{Append: []*bars.Series{daily("A", 150+i, 1, 10)}})
	}
	expect(t, s, daily("A", 100, 50+3*maxSmall, 10))
	if lost := errorsOf(s); lost["B"] == "" {
		t.Fatal("the lost symbol is forgotten")
	}
	if n := len(segments(t, s)); n > maxSmall+4 {
		t.Fatalf("%d segments stand", n)
	}
}

func TestAReaderKeepsItsSnapshotWhileAWriterReplacesAndMerges(t *testing.T) {
	writer := open(t, t.TempDir())
	write(t, writer, Change{Replace: many(64, 0, 40, 10)})
	held := writer.Snapshot()
	defer held.Release()
	reader := open(t, writer.dir)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for _, s := range []*Store{writer, reader} {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := s.Refresh(); err != nil {
					t.Error(err)
					return
				}
				snapshot := s.Snapshot()
				length := 0
				for symbol, series := range contentOf(t, snapshot) {
					if length == 0 {
						length = len(series.Time)
					}
					if len(series.Time) != length {
						t.Errorf("%s has %d bars, another %d: a torn generation", symbol, len(series.Time), length)
					}
				}
				snapshot.Release()
			}
		})
	}
	for day := range 40 {
		write(t, writer, Change{Append: many(64, 40+day, 1, 10)})
		if day%10 == 9 {
			write(t, writer, Change{Replace: many(64, 0, 41+day, 10)})
		}
	}
	close(done)
	readers.Wait()
	expect(t, writer, many(64, 0, 80, 10)...)
	if got := contentOf(t, held); len(got["S0000"].Time) != 40 {
		t.Fatalf("the snapshot changed: %d bars", len(got["S0000"].Time))
	}
}

func TestTwoProcessesWriteInTurns(t *testing.T) {
	dir := t.TempDir()
	_, want := prepareVictim(t, dir)
	var others []*exec.Cmd
	for range 2 {
		other := victim(t, dir, "")
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		others = append(others, other)
	}
	s := open(t, dir)
	for day := range 20 {
		write(t, s, Change{Append: []*bars.Series{daily("OWN", 1+day, 1, 10)}})
	}
	failed := 0
	for _, other := range others {
		// The later of the two cannot append what the earlier did.
		if other.Wait() != nil {
			failed++
		}
	}
	if failed != 1 {
		t.Fatalf("%d of the two writers failed, want 1", failed)
	}
	if _, err := s.Refresh(); err != nil {
		t.Fatal(err)
	}
	expect(t, s, append(want, daily("OWN", 1, 20, 10))...)
	if found, err := filepath.Glob(filepath.Join(dir, "*.tmp")); err != nil || len(found) > 0 {
		t.Fatalf("leftovers: %v, %v", found, err)
	}
}

func TestTidyingThatFailsLeavesTheChange(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, Change{Replace: many(8, 0, 1, 10)})
	// The looks at the context before the change stands: begin, the segment, the commit.
	ctx := &countdown{Context: context.Background(), left: 3, then: func() error { return context.Canceled }}
	if err := s.Write(ctx, Change{Append: many(8, 1, 1, 10)}); err != nil {
		t.Fatal(err)
	}
	if _, appended := modes(t, s); appended != 1 {
		t.Fatal("it was tidied")
	}
	expect(t, s, many(8, 0, 2, 10)...)
	write(t, s, Change{Append: many(8, 2, 1, 10)})
	if _, appended := modes(t, s); appended != 0 {
		t.Fatal("the next write did not tidy")
	}
	expect(t, s, many(8, 0, 3, 10)...)
}
