package server

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "vst/scanner/internal/gen/scannerv1"
)

// firstDay is 2014-06-09.
const firstDay = 16230

// rising are n daily bars that go up by a cent a day from 20 USD: HIGH_BASE on every warm bar.
func rising(symbol string, n int) *pb.SymbolBars {
	s := &pb.SymbolBars{Symbol: symbol, Timeframe: pb.Timeframe_TIMEFRAME_DAILY}
	for i := range n {
		addBar(s, firstDay+int64(i), 20+float64(i)/100)
	}
	return s
}

func addBar(s *pb.SymbolBars, time int64, price float64) {
	order := binary.LittleEndian
	s.Time = order.AppendUint64(s.Time, uint64(time))
	for column, value := range map[*[]byte]float64{
		&s.Open: price, &s.High: price + 0.5, &s.Low: price - 0.5, &s.Close: price, &s.Volume: 1000,
	} {
		*column = order.AppendUint64(*column, math.Float64bits(value))
	}
}

func put(t *testing.T, scanner pb.ScannerClient, messages ...*pb.SymbolBars) *pb.PutBarsResponse {
	t.Helper()
	stream, err := scanner.PutBars(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		if err := stream.Send(message); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func request(symbols ...string) *pb.ScanRequest {
	return &pb.ScanRequest{
		Symbols: symbols, Values: true, Strategies: []pb.Strategy{pb.Strategy_STRATEGY_HIGH_BASE},
		Parameters: &pb.StrategyParameters{
			HighBaseMaxAtrRatio: 2, HighBaseMinRsi: 60, LowBaseMinAtrRatio: 0.5, LowBaseMaxRsi: 40,
			BullPullbackRsiThreshold: 45, BearRallyRsiThreshold: 55,
			AtrRatioBase: pb.AtrRatioBase_ATR_RATIO_BASE_ZERO, BaseLookback: 20,
		},
	}
}

// row is one bar with signals as read from the columns.
type row struct {
	symbol, day uint32
	strategies  byte
	close       float64
}

func rows(t *testing.T, columns *pb.SignalColumns) []row {
	t.Helper()
	n := len(columns.GetStrategies())
	for width, column := range map[int][][]byte{
		2: {columns.GetDay()},
		8: {columns.GetClose(), columns.GetAtr(), columns.GetRsi(), columns.GetSma50(), columns.GetSma200()},
	} {
		for _, c := range column {
			if len(c) != n*width {
				t.Fatalf("a column of %d bytes for %d signals", len(c), n)
			}
		}
	}
	var found []row
	order := binary.LittleEndian
	for run := range len(columns.GetRunSymbol()) / 4 {
		for range order.Uint32(columns.GetRunRows()[4*run:]) {
			i := len(found)
			found = append(found, row{
				order.Uint32(columns.GetRunSymbol()[4*run:]),
				order.Uint32(columns.GetRunDay()[4*run:]) + uint32(order.Uint16(columns.GetDay()[2*i:])),
				columns.GetStrategies()[i], math.Float64frombits(order.Uint64(columns.GetClose()[8*i:])),
			})
		}
	}
	if len(found) != n {
		t.Fatalf("the runs have %d rows, the columns %d", len(found), n)
	}
	return found
}

func symbolsOf(faults []*pb.SymbolError) []string {
	var found []string
	for _, fault := range faults {
		found = append(found, fault.GetSymbol())
	}
	return found
}

func TestScanAnswersForEverySymbolInOrder(t *testing.T) {
	scanner := startChild(t).scanner()
	bad := rising("BAD", 30)
	binary.LittleEndian.PutUint64(bad.Close[8*7:], math.Float64bits(-1))
	answer := put(t, scanner, rising("A", 30), bad, rising("B", 20))
	if answer.GetSymbols() != 2 || answer.GetBars() != 50 || len(answer.GetErrors()) != 1 {
		t.Fatalf("put: %v", answer)
	}
	if fault := answer.GetErrors()[0]; fault.GetSymbol() != "BAD" || fault.GetDay() != firstDay+7 || !strings.Contains(fault.GetError(), "2014-06-16") {
		t.Errorf("put: %v", fault)
	}
	response, err := scanner.Scan(t.Context(), request("B", "NOPE", "A", "BAD"))
	if err != nil {
		t.Fatal(err)
	}
	var want []row
	for symbol, n := range map[uint32]int{0: 20, 2: 30} {
		for i := 13; i < n; i++ {
			want = append(want, row{symbol, uint32(firstDay + i), 1, 20 + float64(i)/100})
		}
	}
	slices.SortFunc(want, func(a, b row) int { return int(a.symbol*100000+a.day) - int(b.symbol*100000+b.day) })
	if got := rows(t, response.GetSignals()); !slices.Equal(got, want) {
		t.Errorf("signals %v, want %v", got, want)
	}
	if got := symbolsOf(response.GetErrors()); !slices.Equal(got, []string{"NOPE", "BAD"}) {
		t.Errorf("errors of %v", got)
	}
	if response.GetScanned() != 2 || response.GetBars() != 50 || response.GetScanSeconds() <= 0 {
		t.Errorf("got %v", response)
	}
}

func TestTheStreamCarriesWhatScanAnswers(t *testing.T) {
	scanner := startChild(t).scanner()
	var symbols []string
	for i := range 250 {
		symbol := fmt.Sprint("S", i)
		symbols = append(symbols, symbol, "NOPE"+symbol)
		put(t, scanner, rising(symbol, 16))
	}
	whole, err := scanner.Scan(t.Context(), request(symbols...))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := scanner.ScanStream(t.Context(), request(symbols...))
	if err != nil {
		t.Fatal(err)
	}
	var got []row
	var faults []string
	var done uint32
	var last *pb.ScanUpdate
	for {
		update, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if last.GetSummary() != nil {
			t.Error("the summary was not last")
		}
		if now := update.GetProgress().GetDone(); now < done {
			t.Errorf("progress went from %d to %d", done, now)
		}
		done, last = update.GetProgress().GetDone(), update
		got = append(got, rows(t, update.GetSignals())...)
		faults = append(faults, symbolsOf(update.GetErrors())...)
	}
	slices.SortStableFunc(got, func(a, b row) int { return int(a.symbol) - int(b.symbol) })
	if want := rows(t, whole.GetSignals()); !slices.Equal(got, want) || len(want) != 750 {
		t.Errorf("%d streamed signals, %d at once", len(got), len(want))
	}
	slices.Sort(faults)
	want := symbolsOf(whole.GetErrors())
	slices.Sort(want)
	if !slices.Equal(faults, want) || len(want) != 250 {
		t.Errorf("%d streamed errors, %d at once", len(faults), len(want))
	}
	if done != 500 || last.GetProgress().GetTotal() != 500 {
		t.Errorf("progress %d of %d", done, last.GetProgress().GetTotal())
	}
	if summary := last.GetSummary(); summary.GetScanned() != 250 || summary.GetBars() != 4000 || len(summary.GetSignals().GetDay()) > 0 {
		t.Errorf("summary %v", summary)
	}
}

func TestBoundsAndLastBar(t *testing.T) {
	scanner := startChild(t).scanner()
	put(t, scanner, rising("A", 40))
	start, end := int32(firstDay+20), int32(firstDay+25)
	ranged := request("A")
	ranged.StartDay, ranged.EndDay = &start, &end
	last := request("A")
	last.LastBarOnly = true
	lastBefore := request("A")
	lastBefore.LastBarOnly, lastBefore.EndDay = true, &end
	for name, c := range map[string]struct {
		request *pb.ScanRequest
		first   uint32
		count   int
	}{
		"range": {ranged, firstDay + 20, 6}, "last bar": {last, firstDay + 39, 1}, "last bar before": {lastBefore, firstDay + 25, 1},
	} {
		response, err := scanner.Scan(t.Context(), c.request)
		if err != nil {
			t.Fatal(err)
		}
		if got := rows(t, response.GetSignals()); len(got) != c.count || got[0].day != c.first {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRequestsThatCannotBeMeant(t *testing.T) {
	scanner := startChild(t).scanner()
	cases := []struct {
		name  string
		spoil func(*pb.ScanRequest)
		want  string
	}{
		{"no strategy", func(r *pb.ScanRequest) { r.Strategies = nil }, "names no strategy"},
		{"an unknown strategy", func(r *pb.ScanRequest) { r.Strategies = []pb.Strategy{257} }, "unknown strategy 257"},
		{"no parameters", func(r *pb.ScanRequest) { r.Parameters = nil }, "no strategy parameters"},
		{"no base", func(r *pb.ScanRequest) { r.Parameters.AtrRatioBase = 0 }, "unknown atr_ratio_base"},
		{"no number", func(r *pb.ScanRequest) { r.Parameters.LowBaseMaxRsi = math.NaN() }, "low_base_max_rsi"},
		{"an unknown timeframe", func(r *pb.ScanRequest) { r.Timeframe = 9 }, "unknown timeframe 9"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked := request("A")
			c.spoil(asked)
			_, err := scanner.Scan(t.Context(), asked)
			if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDeadlinesAndCancellingEndAScan(t *testing.T) {
	scanner := startChild(t).scanner()
	put(t, scanner, rising("A", 50_000))
	long := request(slices.Repeat([]string{"A"}, 20_000)...)
	long.EndDay, long.StartDay = new(int32), new(int32)
	*long.StartDay, *long.EndDay = firstDay+49_999, math.MaxInt32
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := scanner.Scan(ctx, long); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("after the deadline: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	stream, err := scanner.ScanStream(ctx, long)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Canceled {
		t.Errorf("after cancelling: %v", err)
	}
	figures, err := scanner.GetMetrics(t.Context(), &pb.MetricsRequest{})
	if err != nil || figures.GetTotalScans() != 0 {
		t.Errorf("unfinished scans were counted: %v, %v", figures, err)
	}
}

func TestALongSeriesComesInSeveralMessages(t *testing.T) {
	scanner := startChild(t).scanner()
	first, second := rising("A", 10), rising("A", 30)
	for _, column := range []*[]byte{&second.Time, &second.Open, &second.High, &second.Low, &second.Close, &second.Volume} {
		*column = (*column)[80:]
	}
	second.Append = true
	if answer := put(t, scanner, first, second); answer.GetSymbols() != 1 || answer.GetBars() != 30 {
		t.Errorf("put: %v", answer)
	}
	if answer := put(t, scanner, second, second); len(answer.GetErrors()) != 1 || answer.GetSymbols() != 0 {
		t.Errorf("the same bars again: %v", answer)
	}
	response, err := scanner.Scan(t.Context(), request("A"))
	if err != nil || len(response.GetErrors()) != 1 || response.GetErrors()[0].GetDay() != firstDay+10 {
		t.Errorf("a refused symbol scans as %v, %v", response, err)
	}
}

func TestColumnsThatDoNotFitAreRefused(t *testing.T) {
	scanner := startChild(t).scanner()
	torn, short := rising("TORN", 3), rising("SHORT", 3)
	torn.High = torn.High[:len(torn.High)-1]
	short.High = short.High[:len(short.High)-8]
	answer := put(t, scanner, torn, short)
	if got := symbolsOf(answer.GetErrors()); !slices.Equal(got, []string{"TORN", "SHORT"}) || answer.GetErrors()[0].Day != nil {
		t.Errorf("put: %v", answer)
	}
}

func TestMetricsCountWhatIsStoredAndScanned(t *testing.T) {
	scanner := startChild(t).scanner()
	put(t, scanner, rising("A", 30), rising("B", 30))
	for range 3 {
		if _, err := scanner.Scan(t.Context(), request("A", "B")); err != nil {
			t.Fatal(err)
		}
	}
	figures, err := scanner.GetMetrics(t.Context(), &pb.MetricsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if figures.GetTotalScans() != 3 || figures.GetStoredSymbols() != 2 || figures.GetStoredBars() != 60 ||
		figures.GetAverageScanSeconds() <= 0 || figures.GetSymbolsPerSecond() <= 0 || figures.GetMemoryMb() <= 0 {
		t.Errorf("got %v", figures)
	}
}
