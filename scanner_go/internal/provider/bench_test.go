package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"vst/scanner/internal/bars"
)

// realBars is the file of real bars, or a skip where it is absent.
func realBars(tb testing.TB) string {
	tb.Helper()
	folder := os.Getenv("VST_TEST_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	path, err := filepath.Abs(filepath.Join(folder, "sp500_daily.parquet"))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		tb.Skip("the real bars are absent: set VST_TEST_DATA to their folder")
	}
	return path
}

func TestEveryBarOfARealFileIsRead(t *testing.T) {
	path := realBars(t)
	reader, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	rows := reader.NumRows()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	all := map[string]*gathered{}
	err = (&files{filepath.Dir(path)}).read(filepath.Base(path), func(table table) error {
		return table.rows(t.Context(), Request{}, func(symbol []byte) *gathered {
			into := all[string(symbol)]
			if into == nil {
				into = &gathered{series: bars.Series{Symbol: string(symbol)}}
				all[string(symbol)] = into
			}
			return into
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	for symbol, one := range all {
		read += int64(len(one.series.Time))
		if one.fault != nil {
			t.Errorf("%s: %v", symbol, one.fault)
		}
	}
	if read != rows {
		t.Errorf("read %d bars of %d rows", read, rows)
	}
	// The close on the second day of the split of June 2014, in shares of 2021.
	apple := all["AAPL"].series
	for i, at := range apple.Time {
		if at == day("2014-06-09") && (apple.Close[i] < 23.42 || apple.Close[i] > 23.43) {
			t.Errorf("AAPL closes at %g", apple.Close[i])
		}
	}
}

func BenchmarkParquet(b *testing.B) {
	path := realBars(b)
	rows := 0
	for b.Loop() {
		rows = 0
		into := &gathered{}
		err := (&files{filepath.Dir(path)}).read(filepath.Base(path), func(table table) error {
			return table.rows(b.Context(), Request{}, func([]byte) *gathered {
				rows++
				return into
			})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
}

func BenchmarkCSV(b *testing.B) {
	const rows = 10_000
	text := "symbol," + header + strings.Repeat("AAPL,2014-06-09,92.70,93.88,91.75,93.70,75415000\n", rows)
	for b.Loop() {
		table, err := openCSV(strings.NewReader(text))
		if err != nil {
			b.Fatal(err)
		}
		into := &gathered{}
		if err := table.rows(b.Context(), Request{}, func([]byte) *gathered { return into }); err != nil || len(into.series.Time) != rows {
			b.Fatal(err, into.fault)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
}

func BenchmarkAlpacaPage(b *testing.B) {
	var list []string
	for i := range alpacaPageBars {
		list = append(list, fmt.Sprintf(`{"t":"2024-06-03T04:00:00Z","o":192.9,"h":194.99,"l":192.52,"c":%g,"v":50080539,"n":612345,"vw":193.9}`, 100+float64(i)/100))
	}
	body := []byte(page("", `"AAPL":[`+strings.Join(list, ",")+`]`))
	for b.Loop() {
		if got, err := parseAlpacaPage(body); err != nil || got.count != alpacaPageBars {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(alpacaPageBars)*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
}
