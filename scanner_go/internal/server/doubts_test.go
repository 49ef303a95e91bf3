package server

import (
	"path/filepath"
	"slices"
	"testing"

	pb "vst/scanner/internal/gen/scannerv1"
)

func warned(warnings []*pb.SymbolWarning) []string {
	var found []string
	for _, w := range warnings {
		found = append(found, w.GetSymbol()+": "+w.GetWarning())
	}
	slices.Sort(found)
	return found
}

// oneBar is a bar of the day at the price.
func oneBar(symbol string, day int64, price float64, add, keep bool) *pb.SymbolBars {
	s := &pb.SymbolBars{Symbol: symbol, Timeframe: pb.Timeframe_TIMEFRAME_DAILY, Append: add, Keep: keep}
	addBar(s, day, price)
	return s
}

func TestABarThatIsAppendedIsDoubtedForTheOneInFront(t *testing.T) {
	scanner := startChildWith(t, map[string]any{"store": filepath.Join(t.TempDir(), "bars")}).scanner()
	for _, keep := range []bool{false, true} {
		before := oneBar("A", firstDay, 20, false, keep)
		put(t, scanner, before, oneBar("B", firstDay, 20, false, keep))
		parts, err := scanner.PutBars(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []*pb.SymbolBars{
			oneBar("A", firstDay+1, 20, true, keep), oneBar("A", firstDay+3, 20, true, keep), oneBar("B", firstDay+1, 10, true, keep),
		} {
			if err := parts.Send(part); err != nil {
				t.Fatal(err)
			}
		}
		answer, err := parts.CloseAndRecv()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"A: 1 session missing: 2014-06-11",
			"B: bar 2014-06-10: opens at 10 after a close of 20, which looks like a 2:1 split that the prices are not adjusted for",
		}
		if got := warned(answer.GetWarnings()); !slices.Equal(got, want) {
			t.Errorf("keep %v: got %q", keep, got)
		}
	}
}

func TestABarOfTheLastDayIsDoubtedForTheOneBeforeThat(t *testing.T) {
	scanner := startChild(t).scanner()
	whole := oneBar("A", firstDay, 20, false, false)
	addBar(whole, firstDay+1, 20)
	put(t, scanner, whole)
	if got := warned(put(t, scanner, oneBar("A", firstDay+1, 10, true, false)).GetWarnings()); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestBarsThatAreHeldAreDoubtedWhenTheyAreFetched(t *testing.T) {
	scanner := startChild(t).scanner()
	onGrid, off := oneBar("A", firstDay, 20, false, false), oneBar("B", firstDay, 20.0/3, false, false)
	addBar(onGrid, firstDay+2, 10)
	addBar(off, firstDay+1, 10.0/3)
	put(t, scanner, onGrid, off, rising("C", 5))
	answer, err := scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{Symbols: []string{"A", "B", "C"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"A: 1 session missing: 2014-06-10",
		"A: bar 2014-06-11: opens at 10 after a close of 20, which looks like a 2:1 split that the prices are not adjusted for",
		"B: bar 2014-06-10: opens at 3.33333333333333 after a close of 6.66666666666667, which looks like a 2:1 split that the prices are not adjusted for",
	}
	if got := warned(answer.GetWarnings()); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	bounded := firstDay + int64(1)
	answer, err = scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{Symbols: []string{"A"}, Start: &bounded})
	if err != nil || len(answer.GetWarnings()) > 0 {
		t.Errorf("got %v, %v", answer.GetWarnings(), err)
	}
}
