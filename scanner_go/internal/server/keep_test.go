package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "vst/scanner/internal/gen/scannerv1"
)

// latest is one bar of a day for each symbol, at its price.
func latest(day int32, prices map[string]float64) *pb.LatestBars {
	message := &pb.LatestBars{}
	order := binary.LittleEndian
	for symbol, price := range prices {
		message.Symbols = append(message.Symbols, symbol)
		message.Day = order.AppendUint32(message.Day, uint32(day))
		for column, value := range map[*[]byte]float64{
			&message.Open: price, &message.High: price + 0.5, &message.Low: price - 0.5, &message.Close: price, &message.Volume: 1000,
		} {
			*column = order.AppendUint64(*column, math.Float64bits(value))
		}
	}
	return message
}

func asOf(t *testing.T, scanner pb.ScannerClient, resume bool, symbols ...string) []row {
	t.Helper()
	asked := request(symbols...)
	asked.LastBarOnly, asked.Resume = true, resume
	answer, err := scanner.Scan(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	return rows(t, answer.GetSignals())
}

func TestTheNewestBarIsAppendedOrTakesTheLastOnesPlace(t *testing.T) {
	scanner := startChild(t).scanner()
	put(t, scanner, rising("A", 260), rising("B", 260))
	const next = firstDay + 260
	for _, price := range []float64{22.7, 22.9} {
		answer, err := scanner.PutLatest(t.Context(), latest(next, map[string]float64{"A": price, "B": price}))
		if err != nil || answer.GetSymbols() != 2 || answer.GetBars() != 2 || len(answer.GetErrors()) != 0 {
			t.Fatalf("%v, %v", answer, err)
		}
		for _, resume := range []bool{true, false, true} {
			got := asOf(t, scanner, resume, "A", "B")
			if len(got) != 2 || got[0].day != next || got[0].close != price || got[1].close != price {
				t.Errorf("at %g, resumed %v: %+v", price, resume, got)
			}
		}
	}
	answer, err := scanner.PutLatest(t.Context(), latest(next-5, map[string]float64{"A": 20}))
	if err != nil || len(answer.GetErrors()) != 1 || !strings.Contains(answer.GetErrors()[0].GetError(), "the date goes back") {
		t.Errorf("%v, %v", answer, err)
	}
	if got := asOf(t, scanner, true, "A", "B"); len(got) != 1 {
		t.Errorf("a refused symbol is scanned: %+v", got)
	}
}

func TestColumnsOfTheNewestBarsMustFit(t *testing.T) {
	scanner := startChild(t).scanner()
	for _, spoil := range []func(*pb.LatestBars){
		func(m *pb.LatestBars) { m.Day = m.Day[:3] },
		func(m *pb.LatestBars) { m.Close = nil },
		func(m *pb.LatestBars) { m.Symbols = nil },
	} {
		message := latest(firstDay, map[string]float64{"A": 20})
		spoil(message)
		if _, err := scanner.PutLatest(t.Context(), message); status.Code(err) != codes.InvalidArgument {
			t.Errorf("got %v", err)
		}
	}
}

func kept(message *pb.SymbolBars) *pb.SymbolBars {
	message.Keep = true
	return message
}

func TestKeptBarsAreThereAfterARestart(t *testing.T) {
	folder := map[string]any{"store": filepath.Join(t.TempDir(), "bars")}
	first := startChildWith(t, folder).scanner()
	bad := kept(rising("BAD", 30))
	binary.LittleEndian.PutUint64(bad.Close[8*7:], math.Float64bits(-1))
	long := rising("LONG", 300)
	head, tail := proto.Clone(long).(*pb.SymbolBars), long
	for _, half := range []struct {
		of       *pb.SymbolBars
		from, to int
	}{{head, 0, 100}, {tail, 100, 300}} {
		for _, column := range []*[]byte{&half.of.Time, &half.of.Open, &half.of.High, &half.of.Low, &half.of.Close, &half.of.Volume} {
			*column = (*column)[8*half.from : 8*half.to]
		}
	}
	tail.Append = true
	answer := put(t, first, kept(rising("A", 260)), bad, kept(head), kept(tail), rising("GONE", 30))
	if answer.GetSymbols() != 3 || answer.GetBars() != 590 || !slices.Equal(symbolsOf(answer.GetErrors()), []string{"BAD"}) {
		t.Fatalf("%v", answer)
	}
	newest := latest(firstDay+260, map[string]float64{"A": 23})
	newest.Keep = true
	if _, err := first.PutLatest(t.Context(), newest); err != nil {
		t.Fatal(err)
	}
	want := asOf(t, first, false, "A", "LONG")

	second := startChildWith(t, folder).scanner()
	listed, err := second.ListSeries(t.Context(), &pb.ListSeriesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, s := range listed.GetSeries() {
		found = append(found, fmt.Sprint(s.GetSymbol(), s.GetBars(), s.GetFirstDay(), s.GetLastDay(), s.GetKept()))
	}
	if want := []string{fmt.Sprint("A", 261, firstDay, firstDay+260, true), fmt.Sprint("LONG", 300, firstDay, firstDay+299, true)}; !slices.Equal(found, want) {
		t.Errorf("held %v, want %v", found, want)
	}
	if got := asOf(t, second, true, "A", "LONG"); !slices.Equal(got, want) || len(got) != 2 {
		t.Errorf("%+v, before the restart %+v", got, want)
	}
	// What one scanner writes, the other sees at its next scan.
	put(t, second, kept(rising("LATE", 40)))
	if got := asOf(t, first, false, "LATE"); len(got) != 1 {
		t.Errorf("the first scanner sees %+v of LATE", got)
	}
}

func TestNothingIsKeptWithoutABarStore(t *testing.T) {
	stream, err := startChild(t).scanner().PutBars(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(kept(rising("A", 3))); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.CloseAndRecv(); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "no bar store") {
		t.Errorf("got %v", err)
	}
}

func TestOneAnswerOfBarsIsBounded(t *testing.T) {
	scanner := startChild(t).scanner()
	var symbols []string
	for i := range 21 {
		symbol := fmt.Sprint("S", i)
		symbols = append(symbols, symbol)
		put(t, scanner, rising(symbol, unaryRows/20))
	}
	_, err := scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{Symbols: symbols})
	if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "BulkFetchStream") {
		t.Errorf("got %v", err)
	}
}

func TestManySignalsComeInSeveralMessages(t *testing.T) {
	scanner := startChild(t).scanner()
	var symbols []string
	for i := range 12 {
		symbol := fmt.Sprint("S", i)
		symbols = append(symbols, symbol)
		put(t, scanner, rising(symbol, chunkRows/4))
	}
	stream, err := scanner.ScanStream(t.Context(), request(symbols...))
	if err != nil {
		t.Fatal(err)
	}
	messages, signals := 0, 0
	for {
		update, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		messages++
		signals += len(update.GetSignals().GetStrategies())
	}
	if messages < 2 || signals != 12*(chunkRows/4-13) {
		t.Errorf("%d messages, %d signals", messages, signals)
	}
}

func TestNamingNoSymbolsScansAllThereAre(t *testing.T) {
	scanner := startChild(t).scanner()
	bad := rising("BAD", 30)
	binary.LittleEndian.PutUint64(bad.Low[8*7:], math.Float64bits(-1))
	put(t, scanner, rising("B", 30), rising("A", 30), bad)
	asked := request()
	asked.LastBarOnly = true
	answer, err := scanner.Scan(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(answer.GetSymbols(), []string{"A", "B", "BAD"}) || answer.GetScanned() != 2 || len(rows(t, answer.GetSignals())) != 2 {
		t.Errorf("%v", answer)
	}
	if !slices.Equal(symbolsOf(answer.GetErrors()), []string{"BAD"}) || answer.GetInstructionSet() == "" {
		t.Errorf("%v", answer)
	}
}

func TestAProvidersBarsAreHeldAndKept(t *testing.T) {
	files := t.TempDir()
	var text strings.Builder
	text.WriteString("symbol,date,open,high,low,close,volume\n")
	for day := range 9 {
		fmt.Fprintf(&text, "A,2014-06-%02d,20,21,19,%d,1000\n", day+1, 20)
	}
	text.WriteString("BAD,2014-06-02,20,19,21,20,1000\n")
	if err := os.WriteFile(filepath.Join(files, "bars.csv"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	scanner := startChildWith(t, map[string]any{
		"store": filepath.Join(t.TempDir(), "bars"), "providers": map[string]any{"files": map[string]string{"path": files}},
	}).scanner()
	// What was held before the days asked for stays.
	put(t, scanner, kept(rising("A", 1)))
	start := int64(firstDay - 3)
	answer, err := scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{
		Symbols: []string{"A", "BAD", "NOPE"}, Provider: "files", Keep: true, Start: &start,
	})
	if err != nil {
		t.Fatal(err)
	}
	closes, _ := table(t, answer.GetArrowIpc())
	if len(closes["A"]) != 4 || len(closes) != 1 {
		t.Errorf("closes %v", closes)
	}
	if faults := symbolsOf(answer.GetErrors()); len(faults) != 2 || !slices.Contains(faults, "BAD") || !slices.Contains(faults, "NOPE") {
		t.Errorf("errors %v", answer.GetErrors())
	}
	listed, err := scanner.ListSeries(t.Context(), &pb.ListSeriesRequest{})
	if err != nil || len(listed.GetSeries()) != 1 || !listed.GetSeries()[0].GetKept() || listed.GetSeries()[0].GetBars() != 4 {
		t.Errorf("held %v, %v", listed, err)
	}
	for name, wrong := range map[codes.Code]*pb.BulkFetchRequest{
		codes.FailedPrecondition: {Symbols: []string{"A"}, Provider: "tiingo"},
		codes.InvalidArgument:    {Symbols: []string{"A"}, Keep: true},
	} {
		if _, err := scanner.BulkFetch(t.Context(), wrong); status.Code(err) != name {
			t.Errorf("%v gives %v", wrong, err)
		}
	}
}
