package provider

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"vst/scanner/internal/bars"
)

const header = "date,open,high,low,close,volume\n"

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func filesAt(t *testing.T, folder string) Provider {
	t.Helper()
	path, err := json.Marshal(folder)
	if err != nil {
		t.Fatal(err)
	}
	return configured(t, "files", `{"path": `+string(path)+`}`)
}

func TestAFileASymbol(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "AAPL.csv", header+"2024-06-03,1,2,1,1.5,10\n2024-06-04,1,2,1,2.5,10\n2024-06-05,1,2,1,3.5,10\n")
	write(t, folder, "brk-b.CSV", "\xef\xbb\xbfVolume, CLOSE ,adj,Date,Open,High,Low\r\n10,7.5,x,2024-06-03,1,2,1\r\n\r\n10, \"8.5\" ,\"a,\"\"b\",\"2024-06-04\",1,2,1")
	write(t, folder, "MSFT.csv", header)
	write(t, folder, ".TSLA.csv", header+"2024-06-03,1,2,1,1,10\n")
	write(t, folder, "TSLA.txt", header+"2024-06-03,1,2,1,1,10\n")
	if err := os.Mkdir(filepath.Join(folder, "TSLA.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	got := fetch(t, filesAt(t, folder), Request{
		Symbols: []string{"AAPL", "BRK B", "MSFT", "TSLA"}, Start: ptr(day("2024-06-03")), End: ptr(day("2024-06-04")),
	})
	monday := day("2024-06-03")
	got.closes(t, "AAPL", []int64{monday, monday + 1}, []float64{1.5, 2.5})
	got.closes(t, "BRK B", []int64{monday, monday + 1}, []float64{7.5, 8.5})
	got.wants(t, "MSFT", "files: there are no bars in the range asked for")
	got.wants(t, "TSLA", "files: there are no bars in the range asked for")
}

func TestFilesWithManySymbolsAreJoined(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "bars_2023.csv", "symbol,"+header+"AAPL,2023-12-29,1,2,1,1,10\nMSFT,2023-12-29,1,2,1,2,10\nbrk-b,2023-12-29,1,2,1,3,10\n")
	write(t, folder, "bars_2024.csv", "symbol,"+header+"MSFT,2024-01-02,1,2,1,4,10\nAAPL,2024-01-02,1,2,1,5,10\n,2024-01-02,1,2,1,5,10\n")
	write(t, folder, "TSLA.csv", header+"2024-01-02,1,2,1,6,10\n")
	write(t, folder, "watchlist.csv", "ticker,note\nAAPL,x\n")
	write(t, folder, "empty.csv", "")
	got := fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL", "MSFT", "BRK.B", "TSLA", "NOPE"}})
	last, first := day("2023-12-29"), day("2024-01-02")
	got.closes(t, "AAPL", []int64{last, first}, []float64{1, 5})
	got.closes(t, "MSFT", []int64{last, first}, []float64{2, 4})
	got.closes(t, "BRK.B", []int64{last}, []float64{3})
	got.closes(t, "TSLA", []int64{first}, []float64{6})
	got.wants(t, "NOPE", "there are no bars")
}

func TestASymbolThatStandsTwiceIsRefused(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "AAPL.csv", header+"2024-01-02,1,2,1,6,10\n")
	write(t, folder, "BRK.B.csv", header+"2024-01-02,1,2,1,6,10\n")
	write(t, folder, "BRK-B.csv", header+"2024-01-02,1,2,1,6,10\n")
	write(t, folder, "all.csv", "symbol,"+header+"AAPL,2023-12-29,1,2,1,1,10\n")
	got := fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL", "BRK.B"}})
	got.wants(t, "AAPL", "it stands in both all.csv and AAPL.csv")
	got.wants(t, "BRK.B", "it stands in more than one: BRK-B.csv, BRK.B.csv")
}

func TestARowThatCannotBeReadNamesItsPlace(t *testing.T) {
	cases := map[string]struct{ row, want string }{
		"no number":      {"2024-06-04,1,2,1,abc,10", `AAPL.csv: line 3, column close: "abc" is not a number`},
		"two dots":       {"2024-06-04,1.0.0,2,1,1,10", `AAPL.csv: line 3, column open: "1.0.0" is not a number`},
		"no such day":    {"2024-02-30,1,2,1,1,10", `AAPL.csv: line 3, column date: "2024-02-30" is not an ISO date`},
		"US date":        {"06/04/2024,1,2,1,1,10", `AAPL.csv: line 3, column date: "06/04/2024" is not an ISO date`},
		"no date":        {",1,2,1,1,10", `AAPL.csv: line 3, column date: "" is not an ISO date`},
		"clock":          {"2024-06-04 25:00,1,2,1,1,10", `column date: "2024-06-04 25:00" is not a date and time`},
		"too few cells":  {"2024-06-04,1,2", `AAPL.csv: line 3, column low: the line ends before it`},
		"open quote":     {`2024-06-04,"1,2,1,1,10`, `AAPL.csv: line 3 has a quote that does not end`},
		"text and quote": {`2024-06-04,"1"2,1,1,10`, `AAPL.csv: line 3 has text behind a quote`},
		"a long line":    {"2024-06-04," + strings.Repeat("1", maxLineBytes), `AAPL.csv: line 3 is longer than 65536 bytes`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, folder, "AAPL.csv", header+"2024-06-03,1,2,1,1,10\n"+c.row+"\n2024-06-05,x,2,1,1,10\n")
			fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL"}}).wants(t, "AAPL", c.want)
			long := "symbol," + header + "AAPL,2024-06-03,1,2,1,1,10\nAAPL," + c.row + "\n"
			folder = t.TempDir()
			write(t, folder, "all.csv", long)
			fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL"}}).
				wants(t, "AAPL", strings.Replace(c.want, "AAPL.csv", "all.csv", 1))
		})
	}
}

func TestABadRowIsTheErrorOfItsSymbolOnly(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "all.csv", "symbol,"+header+"AAPL,2024-06-03,1,2,1,bad,10\nMSFT,2024-06-03,1,2,1,4,10\nZTS,junk,,,,,\n")
	got := fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL", "MSFT"}})
	got.closes(t, "MSFT", []int64{day("2024-06-03")}, []float64{4})
	got.wants(t, "AAPL", "all.csv: line 2, column close")
}

func TestAFileThatBreaksOffIsTheErrorOfAllItMayHold(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "all.csv", "symbol,"+header+"AAPL,2024-06-03,1,2,1,1,10\nAAPL,2024-06-04,\"1")
	write(t, folder, "TSLA.csv", header+"2024-01-02,1,2,1,6,10\n")
	got := fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL", "MSFT", "TSLA"}})
	got.wants(t, "AAPL", "all.csv: line 3 has a quote that does not end")
	got.wants(t, "MSFT", "all.csv: line 3 has a quote that does not end")
	got.closes(t, "TSLA", []int64{day("2024-01-02")}, []float64{6})
}

func TestColumnsMustBeThereOnce(t *testing.T) {
	for name, c := range map[string]struct{ header, want string }{
		"AAPL.csv": {"date,open,high,close,close\n", "AAPL.csv: it has no column low, it has 2 columns close, it has no column volume"},
		"all.csv":  {"symbol,date,open\n", "all.csv: it has no column high"},
	} {
		folder := t.TempDir()
		write(t, folder, name, c.header)
		fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL"}}).wants(t, "AAPL", c.want)
	}
}

func TestValuesThatTheDoorRefusesArePassedOn(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "AAPL.csv", header+"2024-06-04,1,2,1,NaN,10\n2024-06-04,1,2,1,,10\n2024-06-03,1,2,1,-inf,10\n2024-06-03,1,2,1,1e999,10\n")
	tuesday, none := day("2024-06-04"), math.NaN()
	fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL"}}).
		closes(t, "AAPL", []int64{tuesday, tuesday, tuesday - 1, tuesday - 1}, []float64{none, none, math.Inf(-1), math.Inf(1)})
}

func TestAFolderThatIsNotThereIsTheErrorOfEachSymbol(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL", "MSFT"}}).wants(t, "MSFT", "gone cannot be listed")
}

func TestAFileThatMayNotBeOpened(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("permissions do not keep this user out")
	}
	folder := t.TempDir()
	write(t, folder, "AAPL.csv", header)
	if err := os.Chmod(filepath.Join(folder, "AAPL.csv"), 0); err != nil {
		t.Fatal(err)
	}
	fetch(t, filesAt(t, folder), Request{Symbols: []string{"AAPL"}}).wants(t, "AAPL", "AAPL.csv: cannot be opened")
}

func TestDatesAndTimes(t *testing.T) {
	at := time.Date(2024, 6, 3, 13, 30, 0, 0, time.UTC).Unix()
	monday := day("2024-06-03")
	cases := []struct {
		cell          string
		daily, minute int64
	}{
		{"2024-06-03T13:30:00Z", monday, at},
		{"2024-06-03 13:30:00", monday, at},
		{"2024-06-03T13:30", monday, at},
		{"2024-06-03 13:30", monday, at},
		{"2024-06-03T13:30Z", monday, at},
		{"2024-06-03 09:30:00-04:00", monday, at},
		{"2024-06-03T22:30:00+09:00", monday, at},
		{"2024-06-03T13:30:00.999Z", monday, at},
		// A midnight in New York or Tokyo is of the date that is written there.
		{"2024-06-03T00:00:00+09:00", monday, at - 22*3600 - 30*60},
		{"1969-12-31T23:59:59Z", -1, -1},
	}
	for _, c := range cases {
		if got, err := parseTime(c.cell, bars.Daily); err != nil || got != c.daily {
			t.Errorf("%s: day %d, %v, want %d", c.cell, got, err, c.daily)
		}
		if got, err := parseTime(c.cell, bars.Minute); err != nil || got != c.minute {
			t.Errorf("%s: second %d, %v, want %d", c.cell, got, err, c.minute)
		}
	}
	if got, err := parseTime("2024-06-03", bars.Minute); err == nil || !strings.Contains(err.Error(), "has no time of day") {
		t.Errorf("got %d, %v", got, err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("symbol,"+header+"AAPL,2024-06-03,1,2,1,1,10\nMSFT,2024-06-03T13:30:00Z,NaN,,\"1\",\"\",10\n"), true)
	f.Add([]byte("\xef\xbb\xbf"+header+"2024-06-03,1,2,1,1\n\n,,,,,,,\n\"\"\"\",1"), false)
	f.Add([]byte("date,close,high,low,open,volume\r\n2024-06-03 10:00:00-04:00,0x1p-2,1e400,-0,.5,5\r\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, minute bool) {
		table, err := openCSV(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		request := Request{}
		if minute {
			request.Timeframe = bars.Minute
		}
		checkRows(t, table, request, strings.Count(string(data), "\n"))
	})
}

// checkRows reads a table of at most so many rows into one series.
func checkRows(t *testing.T, table table, request Request, most int) {
	rows := 0
	into := &gathered{file: "f"}
	err := table.rows(t.Context(), request, func(symbol []byte) *gathered {
		if rows++; (symbol != nil) != table.long() {
			t.Fatal("a symbol where there is no column for it, or none where there is")
		}
		return into
	})
	got := len(into.series.Time)
	if got > rows || rows > most || into.fault == nil && err == nil && got != rows {
		t.Errorf("%d bars of %d rows, at most %d: %v, %v", got, rows, most, into.fault, err)
	}
	if len(into.series.Volume) != got || len(into.series.Open) != got {
		t.Error("the columns differ in length")
	}
}
