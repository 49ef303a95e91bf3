package barfile

import (
	"math/rand/v2"
	"os"
	"runtime/metrics"
	"testing"
	"unsafe"

	"vst/scanner/internal/bars"
)

// FuzzOpen reads any bytes as Open does once they are mapped, as they are and with the sums of
// header and index put right, so that the checks behind the sums are reached as well. Run it with
// -fuzzminimizetime 100x: the default minimizes for a minute what it finds first.
func FuzzOpen(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, onGrid := range []bool{true, false} {
		plain, err := os.ReadFile(written(f, Pack([]*bars.Series{random(r, "A", 2, onGrid)})))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain, false)
		f.Add(plain, true)
		f.Add(plain[:256], true)
		f.Add(plain[64:], false)
	}
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, input []byte, forge bool) {
		data := asMapped(input)
		if forge && len(data) >= headerBytes {
			data = forged(data)
		}
		before := allocated()
		file := &File{data: data}
		err := file.read()
		_, _ = eitherIndex(data)
		if used := allocated() - before; used > 1<<20+64*uint64(len(data)) {
			t.Fatalf("%d bytes took %d bytes of memory", len(data), used)
		}
		if err != nil {
			return
		}
		for _, block := range file.Blocks {
			for lane := range bars.Lanes {
				unpack(block, lane)
			}
		}
	})
}

// asMapped copies data to where a column may lie: a mapping begins at a page.
func asMapped(data []byte) []byte {
	copied := make([]byte, len(data)+alignment)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(copied))) % alignment
	return copied[skip : int(skip)+copy(copied[skip:], data)]
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
