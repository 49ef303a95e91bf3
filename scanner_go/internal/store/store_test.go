package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vst/scanner/internal/bars"
)

func TestAMissingOrEmptyFolderIsAnEmptyStore(t *testing.T) {
	for name, dir := range map[string]string{"missing": filepath.Join(t.TempDir(), "none"), "empty": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			s := open(t, dir)
			expect(t, s)
			write(t, s, Change{Replace: many(3, 100, 5, 10)})
			expect(t, open(t, dir), many(3, 100, 5, 10)...)
		})
	}
}

func TestWritesCountInTheirOrder(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, Change{Replace: []*bars.Series{daily("A", 100, 5, 10), daily("B", 90, 9, 20)}})
	write(t, s, Change{Append: []*bars.Series{daily("A", 105, 1, 10), daily("B", 99, 3, 20)}})
	write(t, s, Change{Replace: []*bars.Series{daily("A", 50, 4, 30)}})
	write(t, s, Change{Append: []*bars.Series{daily("A", 54, 2, 30), daily("NEW", 7, 2, 40)}})
	write(t, s, Change{
		Replace: []*bars.Series{daily("C", 1, 2, 50)},
		Append:  []*bars.Series{daily("C", 3, 2, 60)},
	})
	want := []*bars.Series{
		daily("A", 50, 4, 30), daily("B", 90, 9, 20), daily("C", 1, 2, 50), daily("NEW", 7, 2, 40),
	}
	want[0] = concat(want[0], daily("A", 54, 2, 30))
	want[1] = concat(want[1], daily("B", 99, 3, 20))
	want[2] = concat(want[2], daily("C", 3, 2, 60))
	expect(t, s, want...)
	expect(t, open(t, s.dir), want...)
}

func TestAnAppendedBarOfTheLastDayTakesItsPlace(t *testing.T) {
	for name, appends := range map[string][][3]int{
		"over the base":           {{104, 1, 11}},
		"over the base, and on":   {{104, 3, 11}},
		"over an appended bar":    {{105, 1, 11}, {105, 1, 12}},
		"over what was over base": {{104, 1, 11}, {104, 1, 12}, {104, 2, 13}, {105, 1, 14}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			want := daily("A", 100, 5, 10)
			write(t, s, Change{Replace: []*bars.Series{want}})
			for _, a := range appends {
				series := daily("A", a[0], a[1], float64(a[2]))
				want = concat(want, series)
				write(t, s, Change{Append: []*bars.Series{series}})
			}
			expect(t, s, want)
		})
	}
}

func TestAnAppendedBarCanTakeThePlaceOfTheOnlyBar(t *testing.T) {
	s := open(t, t.TempDir())
	for version := range 5 {
		only := daily("A", 100, 1, float64(version+10))
		write(t, s, Change{Append: []*bars.Series{only}})
		expect(t, s, only)
		expect(t, open(t, s.dir), only)
	}
}

func TestRunsAndBlocksAreForAKernel(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, Change{Replace: many(16, 100, 20, 10)})
	write(t, s, Change{Append: []*bars.Series{daily("S0000", 120, 2, 10)}})
	snapshot := s.Snapshot()
	if got := len(snapshot.Blocks()); got != 2 {
		t.Fatalf("%d blocks are whole after an append, want 2", got)
	}
	runs := snapshot.Runs("S0000")
	if len(runs) != 2 || runs[0].Length != 20 || runs[1].Length != 2 || runs[1].day(0) != 120 {
		t.Fatalf("runs are %+v", runs)
	}
	if runs[0].Block != snapshot.Blocks()[0] || snapshot.Runs("NONE") != nil {
		t.Fatal("the first run is not the lane of the whole block")
	}
	snapshot.Release()

	write(t, s, Change{Replace: []*bars.Series{daily("S0015", 100, 3, 20)}, Append: []*bars.Series{daily("S0001", 119, 1, 30)}})
	snapshot = s.Snapshot()
	defer snapshot.Release()
	// One base block has a dead lane, the other one whose last bar came anew.
	if blocks := snapshot.Blocks(); len(blocks) != 1 || blocks[0].Symbols[0] != "S0015" {
		t.Fatalf("whole blocks are %v", blocks)
	}
}

func TestWhatCannotBeStoredIsRefusedAndNothingChanges(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, Change{Replace: []*bars.Series{daily("A", 100, 5, 10)}})
	minute := daily("M", 1, 2, 3)
	minute.Timeframe = bars.Minute
	ragged := daily("R", 1, 2, 3)
	ragged.Low = ragged.Low[:1]
	twice := daily("T", 1, 2, 3)
	twice.Time[1] = 1
	far := daily("F", 1, 2, 3)
	far.Time[1] = lastDay + 1
	for name, c := range map[string]struct {
		change Change
		want   string
	}{
		"append before the last day": {Change{Append: []*bars.Series{daily("A", 103, 5, 10)}},
			"A: the bar of 1970-04-14 cannot be appended behind that of 1970-04-15"},
		"append before the replaced": {Change{Replace: []*bars.Series{daily("B", 9, 5, 1)}, Append: []*bars.Series{daily("B", 9, 1, 1)}},
			"B: the bar of 1970-01-10 cannot be appended behind that of 1970-01-14"},
		"symbol twice":  {Change{Replace: []*bars.Series{daily("B", 9, 5, 1), daily("B", 9, 5, 1)}}, "B: it stands twice in one change"},
		"minute bars":   {Change{Replace: []*bars.Series{minute}}, "M: only daily bars are stored"},
		"no bars":       {Change{Append: []*bars.Series{{Symbol: "A"}}}, "A: there are no bars"},
		"ragged":        {Change{Append: []*bars.Series{ragged}}, "R: the columns differ in length: 2 days, 1 values"},
		"day twice":     {Change{Append: []*bars.Series{twice}}, "T: the bar of 1970-01-02 stands behind that of 1970-01-02"},
		"far day":       {Change{Append: []*bars.Series{far}}, "F: a day is not in the years 1 to 9999"},
		"no name":       {Change{Replace: []*bars.Series{daily("", 1, 1, 1)}}, "a symbol without a name"},
		"long name":     {Change{Replace: []*bars.Series{daily(strings.Repeat("X", 33), 1, 1, 1)}}, "longer than 32 bytes"},
		"name no text":  {Change{Replace: []*bars.Series{daily("\xff", 1, 1, 1)}}, "not printable text"},
		"one bad of ok": {Change{Replace: []*bars.Series{daily("OK", 1, 1, 1), daily("", 1, 1, 1)}}, "without a name"},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Write(context.Background(), c.change)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), s.dir) {
				t.Fatalf("error is %v, want %q", err, c.want)
			}
			expect(t, s, daily("A", 100, 5, 10))
			expect(t, open(t, s.dir), daily("A", 100, 5, 10))
		})
	}
}

func TestACancelledWriteChangesNothing(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, Change{Replace: many(9, 100, 5, 10)})
	for calls := 0; ; calls++ {
		ctx := &countdown{Context: context.Background(), left: calls, then: func() error { return context.Canceled }}
		err := s.Write(ctx, Change{Replace: many(9, 100, 6, 20)})
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		expect(t, s, many(9, 100, 5, 10)...)
	}
	expect(t, open(t, s.dir), many(9, 100, 6, 20)...)
}

func TestASecondWriterWaitsAndThenSaysWho(t *testing.T) {
	s := open(t, t.TempDir())
	other := open(t, s.dir)
	unlock, err := other.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = s.Write(ctx, Change{Replace: many(1, 1, 1, 1)})
	if err == nil || !strings.Contains(err.Error(), "write to the bar store "+s.dir+": another process is writing to it") {
		t.Fatalf("error is %v", err)
	}
	unlock()
	write(t, s, Change{Replace: many(1, 1, 1, 1)})
}

func TestRefreshSeesWhatAnotherWrote(t *testing.T) {
	writer := open(t, t.TempDir())
	reader := open(t, writer.dir)
	for round := range 3 {
		write(t, writer, Change{Append: many(20, 100+round, 1, 10)})
		for _, want := range []bool{true, false} {
			if changed, err := reader.Refresh(); err != nil || changed != want {
				t.Fatalf("changed is %v, %v, want %v", changed, err, want)
			}
		}
		expect(t, reader, many(20, 100, round+1, 10)...)
	}
}

func TestRefreshSeesAFolderThatWasMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	writer, reader := open(t, dir), open(t, dir)
	write(t, writer, Change{Replace: many(9, 100, 5, 10)})
	if _, err := reader.Refresh(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	// The same names, generation and lengths, other bars.
	write(t, open(t, dir), Change{Replace: many(9, 100, 5, 20)})
	if _, err := reader.Refresh(); err != nil {
		t.Fatal(err)
	}
	expect(t, reader, many(9, 100, 5, 20)...)
}

func TestAClosedStoreServesNothingAndSnapshotsStayWhole(t *testing.T) {
	s, err := Open(t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, Change{Replace: many(9, 100, 5, 10)})
	held := s.Snapshot()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := contentOf(t, held); len(got) != 9 {
		t.Fatalf("the snapshot has %d symbols", len(got))
	}
	held.Release()
	held.Release()
	expect(t, s)
	if _, err := s.Refresh(); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("refresh of a closed store: %v", err)
	}
	if err := s.Write(context.Background(), Change{Append: many(1, 1, 1, 1)}); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("write to a closed store: %v", err)
	}
}
