package barfile

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"vst/scanner/internal/bars"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// random makes a series on the tick grid, or off it.
func random(r *rand.Rand, symbol string, length int, onGrid bool) *bars.Series {
	s := &bars.Series{Symbol: symbol, Timeframe: bars.Daily}
	day := int64(r.IntN(20000) - 10000)
	price := func() float64 {
		tick := r.IntN(math.MaxInt32)
		if onGrid {
			return float64(tick) / bars.TicksPerUnit
		}
		return float64(tick) / 7919
	}
	for range length {
		day += 1 + int64(r.IntN(5))
		s.Time = append(s.Time, day)
		s.Open, s.High = append(s.Open, price()), append(s.High, price())
		s.Low, s.Close = append(s.Low, price()), append(s.Close, price())
		s.Volume = append(s.Volume, r.Float64()*1e9)
	}
	return s
}

// unpack takes one lane out of a block.
func unpack(b *bars.Block, lane int) *bars.Series {
	s := &bars.Series{Symbol: b.Symbols[lane], Timeframe: bars.Daily}
	for row := range b.Lengths[lane] {
		at := row*bars.Lanes + lane
		s.Time = append(s.Time, int64(b.Day[at]))
		s.Volume = append(s.Volume, b.Volume[at])
		if p := b.Ticks; p != nil {
			s.Open, s.High = append(s.Open, float64(p.Open[at])/1e4), append(s.High, float64(p.High[at])/1e4)
			s.Low, s.Close = append(s.Low, float64(p.Low[at])/1e4), append(s.Close, float64(p.Close[at])/1e4)
		} else {
			p := b.Floats
			s.Open, s.High = append(s.Open, p.Open[at]), append(s.High, p.High[at])
			s.Low, s.Close = append(s.Low, p.Low[at]), append(s.Close, p.Close[at])
		}
	}
	return s
}

func written(t testing.TB, blocks []*bars.Block) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "segment-0000000001.bars")
	if err := Write(path, blocks); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatIsPackedWrittenAndOpenedIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		var series []*bars.Series
		onGrid := map[string]bool{}
		for i := range 1 + r.IntN(40) {
			symbol := fmt.Sprintf("S%d-%d", round, i)
			onGrid[symbol] = r.IntN(3) > 0
			series = append(series, random(r, symbol, 1+r.IntN(90), onGrid[symbol]))
		}
		file, err := Open(written(t, Pack(series)))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]*bars.Series{}
		for _, block := range file.Blocks {
			for lane, symbol := range block.Symbols {
				if symbol == "" {
					continue
				}
				found[symbol] = unpack(block, lane)
				if (block.Ticks != nil) != onGrid[symbol] {
					t.Fatalf("%s is packed as ticks: %v", symbol, block.Ticks != nil)
				}
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if len(found) != len(series) {
			t.Fatalf("%d symbols came back of %d", len(found), len(series))
		}
		for _, s := range series {
			if !reflect.DeepEqual(found[s.Symbol], s) {
				t.Fatalf("%s came back as %v, was %v", s.Symbol, found[s.Symbol], s)
			}
		}
	}
}

func TestOnlyPricesThatAreExactOnTheGridBecomeTicks(t *testing.T) {
	for name, c := range map[string]struct {
		price float64
		ticks bool
	}{
		"cents":             {12.34, true},
		"hundredth cents":   {0.0001, true},
		"the largest":       {math.MaxInt32 / 1e4, true},
		"one tick too much": {(math.MaxInt32 + 1) / 1e4, false},
		"far too much":      {1e300, false},
		"between ticks":     {12.34005, false},
		"next float":        {math.Nextafter(12.34, 13), false},
		"negative zero":     {math.Copysign(0, -1), false},
		"negative":          {-12.34, false},
		"no number":         {math.NaN(), false},
		"infinite":          {math.Inf(1), false},
	} {
		for column := range 4 {
			t.Run(fmt.Sprint(name, " in column ", column), func(t *testing.T) {
				s := random(rand.New(rand.NewPCG(1, 2)), "A", 3, true)
				[4][]float64{s.Open, s.High, s.Low, s.Close}[column][1] = c.price
				block := Pack([]*bars.Series{s})[0]
				if (block.Ticks != nil) != c.ticks {
					t.Fatalf("ticks: %v", block.Ticks != nil)
				}
			})
		}
	}
}

func TestLanesOfABlockAreNeighboursInLength(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var series []*bars.Series
	for length := range 40 {
		series = append(series, random(r, fmt.Sprint(length), length, true))
	}
	blocks := Pack(series)
	if len(blocks) != 5 {
		t.Fatalf("%d blocks for 39 series with bars", len(blocks))
	}
	for i, block := range blocks {
		if block.Rows != 39-8*i || block.Lengths[6] != 33-8*i {
			t.Fatalf("block %d has lanes of %v", i, block.Lengths)
		}
	}
}

func TestWriteRefusesWhatNoReaderWouldTake(t *testing.T) {
	for want, spoil := range map[string]func(b *bars.Block){
		"prices must be either ticks or floats": func(b *bars.Block) { b.Ticks = nil },
		"column day has not 3 rows":             func(b *bars.Block) { b.Day = b.Day[:8] },
		"column low has not 3 rows":             func(b *bars.Block) { b.Ticks.Low = nil },
		"longest lane":                          func(b *bars.Block) { b.Rows = 4 },
		"lane 0 (A) has not 1 to 2 bars":        func(b *bars.Block) { b.Rows = 2 },
		"lane 1 has 2 bars and no symbol":       func(b *bars.Block) { b.Lengths[1] = 2 },
		"A stands twice":                        func(b *bars.Block) { b.Symbols[1], b.Lengths[1] = "A", 1 },
		"longer than 32 bytes":                  func(b *bars.Block) { b.Symbols[0] = strings.Repeat("A", 33) },
		"its rows are not 1 to 1000000":         func(b *bars.Block) { b.Rows = 1_000_001 },
	} {
		t.Run(want, func(t *testing.T) {
			block := Pack([]*bars.Series{random(rand.New(rand.NewPCG(1, 2)), "A", 3, true)})[0]
			spoil(block)
			path := filepath.Join(t.TempDir(), "x.bars")
			err := Write(path, []*bars.Block{block})
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "block 0") {
				t.Fatalf("error is %v", err)
			}
			if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
				t.Fatalf("left over: %v", left)
			}
		})
	}
	if err := Write(filepath.Join(t.TempDir(), "x.bars"), nil); err == nil {
		t.Fatal("a segment of no blocks was written")
	}
}

// sample is a segment of a tick block and a float block.
func sample(t testing.TB) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	data, err := os.ReadFile(written(t, Pack([]*bars.Series{
		random(r, "AAPL", 5, true), random(r, "BRK.B", 4, true), random(r, "ODD", 3, false),
	})))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// forged puts the sums right after a change to the header or index of the sample.
func forged(data []byte) []byte {
	head, err := decodeHeader(slices.Concat(data[:44], putSum(data[:44])))
	if size := uint64(len(data)); err == nil && head.indexAt <= size && head.indexSize <= size-head.indexAt {
		copy(data[40:], putSum(data[head.indexAt:head.indexAt+head.indexSize]))
	}
	copy(data[44:], putSum(data[:44]))
	return data
}

func putSum(data []byte) []byte {
	sum := checksum(data)
	return []byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24)}
}

func TestOpenNamesFileBlockAndFault(t *testing.T) {
	plain := sample(t)
	const index = alignment
	for name, c := range map[string]struct {
		spoil func(data []byte) []byte
		block int
		want  string
	}{
		"empty":            {func([]byte) []byte { return nil }, -1, "0 bytes are too few"},
		"short":            {func(data []byte) []byte { return data[:47] }, -1, "47 bytes are too few"},
		"magic":            {func(data []byte) []byte { data[0] = 'X'; return data }, -1, "it does not begin with VSTBARS1"},
		"header sum":       {func(data []byte) []byte { data[20]++; return data }, -1, "the checksum of the header"},
		"index sum":        {func(data []byte) []byte { data[index+9]++; return data }, -1, "the checksum of the index"},
		"cut off":          {func(data []byte) []byte { return data[:len(data)-9] }, -1, fmt.Sprintf("it has %d bytes and should have %d", len(plain)-9, len(plain))},
		"no blocks":        {func(data []byte) []byte { data[12] = 0; return forged(data) }, -1, "it has no blocks"},
		"too many blocks":  {func(data []byte) []byte { data[15] = 0xff; return forged(data) }, -1, "is too short for"},
		"one block more":   {func(data []byte) []byte { data[12]++; return forged(data) }, -1, "is too short for 3 blocks"},
		"one block less":   {func(data []byte) []byte { data[12]--; return forged(data) }, -1, "follow the last entry"},
		"index unaligned":  {func(data []byte) []byte { data[24]++; return forged(data) }, -1, "the index is not aligned to 64 bytes"},
		"index outside":    {func(data []byte) []byte { data[26] = 0xff; return forged(data) }, -1, "the index ends behind"},
		"endless index":    {func(data []byte) []byte { data[39] = 0xff; return forged(data) }, -1, "the index ends behind"},
		"no rows":          {func(data []byte) []byte { data[index] = 0; return forged(data) }, 0, "its rows are not 1 to 1000000"},
		"endless rows":     {func(data []byte) []byte { data[index+3] = 0xff; return forged(data) }, 0, "its rows are not 1 to 1000000"},
		"rows":             {func(data []byte) []byte { data[index]++; return forged(data) }, 0, "it has 6 rows and its longest lane 5 bars"},
		"encoding":         {func(data []byte) []byte { data[index+4] = 2; return forged(data) }, 0, "the encoding 02 00 00 00 is unknown"},
		"not zero":         {func(data []byte) []byte { data[index+6] = 1; return forged(data) }, 0, "the encoding 00 00 01 00 is unknown"},
		"unaligned column": {func(data []byte) []byte { data[index+8]++; return forged(data) }, 0, "column close is not aligned"},
		"column outside":   {func(data []byte) []byte { data[index+16+5] = 1; return forged(data) }, 0, "column high ends behind"},
		"huge offset":      {func(data []byte) []byte { data[index+24+7] = 0xff; return forged(data) }, 0, "column low ends behind"},
		"lane length":      {func(data []byte) []byte { data[index+80] = 6; return forged(data) }, 0, "lane 0 (AAPL) has not 1 to 5 bars"},
		"name not text":    {func(data []byte) []byte { data[index+85] = 0xff; return forged(data) }, 0, "is not printable text"},
		"name too long":    {func(data []byte) []byte { data[index+84] = 0xff; return forged(data) }, 0, "its entry in the index is cut off"},
		"a price":          {func(data []byte) []byte { return flip(data, 0, columnClose) }, 0, "column close: its checksum does not fit"},
		"a day":            {func(data []byte) []byte { return flip(data, 0, columnDay) }, 0, "column day: its checksum does not fit"},
		"a volume":         {func(data []byte) []byte { return flip(data, 1, columnVolume) }, 1, "column volume: its checksum does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.bars")
			if err := os.WriteFile(path, c.spoil(slices.Clone(plain)), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatalf("error is %v", err)
			}
			if corrupt.Path != path || corrupt.Block != c.block || !strings.Contains(corrupt.Reason, c.want) {
				t.Fatalf("error is %+v, want block %d, %q", corrupt, c.block, c.want)
			}
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("%q does not name the file", err)
			}
		})
	}
}

// flip changes one bit of a column.
func flip(data []byte, block, column int) []byte {
	head, err := decodeHeader(data)
	if err != nil {
		panic(err)
	}
	entries, err := indexAt(data, head, head.indexAt)
	if err != nil {
		panic(err)
	}
	data[entries[block].offsets[column]+3] ^= 8
	return data
}

func TestAnotherVersionIsUnsupportedAndAMissingFileMissing(t *testing.T) {
	data := sample(t)
	data[8] = 9
	path := filepath.Join(t.TempDir(), "x.bars")
	if err := os.WriteFile(path, forged(data), 0o644); err != nil {
		t.Fatal(err)
	}
	var unsupported *UnsupportedError
	var corrupt *CorruptError
	if _, err := Open(path); !errors.As(err, &unsupported) || errors.As(err, &corrupt) || !strings.Contains(err.Error(), path) {
		t.Fatalf("error is %v", err)
	}
	if _, err := Open(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("error is %v", err)
	}
}

func TestEveryFlippedBitIsFoundOrChangesNothing(t *testing.T) {
	plain := sample(t)
	path := filepath.Join(t.TempDir(), "x.bars")
	head, err := decodeHeader(plain)
	if err != nil {
		t.Fatal(err)
	}
	// Behind the columns stands the second index, which only Symbols reads.
	end := len(plain) - headerBytes - int(aligned(head.indexSize))
	padding := 0
	for at := range end {
		data := slices.Clone(plain)
		data[at] ^= 1 << (at % 8)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := Open(path)
		if err == nil {
			padding++
			if plain[at] != 0 {
				t.Fatalf("byte %d changed unseen", at)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if symbols, err := Symbols(path); err != nil || len(symbols) != 3 {
			t.Fatalf("byte %d hides the symbols: %v, %v", at, symbols, err)
		}
	}
	if padding > end/2 {
		t.Fatalf("%d of %d bytes can change unseen", padding, end)
	}
}

func TestSymbolsAreReadFromWhatIsLeft(t *testing.T) {
	plain := sample(t)
	path := filepath.Join(t.TempDir(), "x.bars")
	for name, data := range map[string][]byte{
		"whole":      plain,
		"first half": plain[:len(plain)/2],
		"last half":  append(make([]byte, len(plain)/2), plain[len(plain)/2:]...),
	} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if symbols, err := Symbols(path); err != nil || !slices.Equal(symbols, []string{"AAPL", "BRK.B", "ODD"}) {
			t.Fatalf("%s: %v, %v", name, symbols, err)
		}
	}
	if err := os.WriteFile(path, plain[100:len(plain)-100], 0o644); err != nil {
		t.Fatal(err)
	}
	var corrupt *CorruptError
	if _, err := Symbols(path); !errors.As(err, &corrupt) {
		t.Fatalf("error is %v", err)
	}
}
