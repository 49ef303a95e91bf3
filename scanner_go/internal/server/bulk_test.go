package server

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	pb "vst/scanner/internal/gen/scannerv1"
)

// table reads an Arrow IPC stream: closes and times by symbol.
func table(t *testing.T, data []byte) (closes map[string][]float64, times map[string][]string) {
	t.Helper()
	closes, times = map[string][]float64{}, map[string][]string{}
	reader, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	for reader.Next() {
		batch := reader.RecordBatch()
		symbols := batch.Column(0).(*array.Dictionary)
		for i := range int(batch.NumRows()) {
			symbol := symbols.Dictionary().(*array.String).Value(symbols.GetValueIndex(i))
			closes[symbol] = append(closes[symbol], price(batch.Column(5), i))
			times[symbol] = append(times[symbol], batch.Column(1).ValueStr(i))
		}
	}
	if reader.Err() != nil {
		t.Fatal(reader.Err())
	}
	return closes, times
}

// price is one of a column of ticks or of USD.
func price(column arrow.Array, i int) float64 {
	if ticks, ok := column.(*array.Int32); ok {
		return float64(ticks.Value(i)) / 10_000
	}
	return column.(*array.Float64).Value(i)
}

func TestPricesOffTheTickGridComeInUSD(t *testing.T) {
	scanner := startChild(t).scanner()
	odd := &pb.SymbolBars{Symbol: "ODD", Timeframe: pb.Timeframe_TIMEFRAME_DAILY}
	thirds := []float64{10.0 / 3, 11.0 / 3, 13.0 / 3}
	for i, price := range thirds {
		addBar(odd, firstDay+int64(i), price)
	}
	put(t, scanner, odd, rising("A", 2))
	for _, symbols := range [][]string{{"ODD", "A"}, {"A"}} {
		response, err := scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{Symbols: symbols})
		if err != nil {
			t.Fatal(err)
		}
		closes, _ := table(t, response.GetArrowIpc())
		if !slices.Equal(closes["A"], []float64{20, 20.01}) || len(symbols) == 2 && !slices.Equal(closes["ODD"], thirds) {
			t.Errorf("closes %v", closes)
		}
	}
}

func TestBulkFetchGivesBackTheBars(t *testing.T) {
	scanner := startChild(t).scanner()
	put(t, scanner, rising("A", 3), rising("B", 5))
	start, end := int64(firstDay+1), int64(firstDay+3)
	response, err := scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{Symbols: []string{"B", "NOPE", "A"}, Start: &start, End: &end})
	if err != nil {
		t.Fatal(err)
	}
	closes, times := table(t, response.GetArrowIpc())
	if !slices.Equal(closes["A"], []float64{20.01, 20.02}) || !slices.Equal(closes["B"], []float64{20.01, 20.02, 20.03}) {
		t.Errorf("closes %v", closes)
	}
	if !slices.Equal(times["A"], []string{"2014-06-10", "2014-06-11"}) {
		t.Errorf("times %v", times)
	}
	if got := symbolsOf(response.GetErrors()); !slices.Equal(got, []string{"NOPE"}) {
		t.Errorf("errors of %v", got)
	}
}

func TestMinuteBarsAreStoredScannedAndFetched(t *testing.T) {
	scanner := startChild(t).scanner()
	minutes := &pb.SymbolBars{Symbol: "A", Timeframe: pb.Timeframe_TIMEFRAME_MINUTE}
	for i := range 20 {
		addBar(minutes, firstDay*86400+52200+60*int64(i), 20+float64(i)/100)
	}
	put(t, scanner, minutes)
	asked := request("A")
	asked.Timeframe = pb.Timeframe_TIMEFRAME_MINUTE
	response, err := scanner.Scan(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if got := rows(t, response.GetSignals()); len(got) != 7 || got[0].day != firstDay {
		t.Errorf("signals %v", got)
	}
	bulk, err := scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{Symbols: []string{"A"}, Timeframe: pb.Timeframe_TIMEFRAME_MINUTE})
	if err != nil {
		t.Fatal(err)
	}
	if _, times := table(t, bulk.GetArrowIpc()); len(times["A"]) != 20 || times["A"][1] != "2014-06-09T14:31:00Z" {
		t.Errorf("times %v", times)
	}
}

func TestBulkStreamKeepsChunksSmall(t *testing.T) {
	scanner := startChild(t).scanner()
	put(t, scanner, rising("LONG", chunkRows+10_000), rising("A", 10), rising("B", 10))
	// The client's limit is gRPC's own 4 MB.
	stream, err := scanner.BulkFetchStream(t.Context(), &pb.BulkFetchRequest{Symbols: []string{"A", "LONG", "B", "NOPE"}})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for chunks := 0; ; chunks++ {
		chunk, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if len(chunk.GetArrowIpc()) == 0 {
			if got := symbolsOf(chunk.GetErrors()); !slices.Equal(got, []string{"NOPE"}) || chunk.GetFetchSeconds() <= 0 || chunks != 2 {
				t.Errorf("after %d chunks: %v", chunks, chunk)
			}
			break
		}
		closes, _ := table(t, chunk.GetArrowIpc())
		for symbol, values := range closes {
			if len(values) > 0 && math.Abs(values[0]-(20+float64(counts[symbol])/100)) > 1e-9 {
				t.Errorf("%s goes on with %v after %d bars", symbol, values[0], counts[symbol])
			}
			counts[symbol] += len(values)
		}
	}
	if counts["LONG"] != chunkRows+10_000 || counts["A"] != 10 || counts["B"] != 10 {
		t.Errorf("got %v", counts)
	}
}

func TestNoSymbolsAtAllGiveAnEmptyTable(t *testing.T) {
	scanner := startChild(t).scanner()
	response, err := scanner.BulkFetch(t.Context(), &pb.BulkFetchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := ipc.NewReader(bytes.NewReader(response.GetArrowIpc()))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	if reader.Next() || reader.Schema().NumFields() != 7 || reader.Schema().Field(1).Type != arrow.FixedWidthTypes.Date32 {
		t.Errorf("schema %v", reader.Schema())
	}
}
