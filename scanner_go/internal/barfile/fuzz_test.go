package barfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"vst/scanner/internal/bars"
)

// FuzzOpen opens any bytes, as they are and with header and index sums put right, so that the
// checks behind the sums are reached as well.
func FuzzOpen(f *testing.F) {
	plain := sample(f)
	f.Add(plain, false)
	f.Add(plain, true)
	f.Add(plain[:300], true)
	f.Add(plain[100:], false)
	f.Add([]byte(magic), false)
	f.Add([]byte{}, false)
	path := filepath.Join(f.TempDir(), "x.bars")
	f.Fuzz(func(t *testing.T, data []byte, forge bool) {
		if forge && len(data) >= headerBytes {
			data = forged(append([]byte(nil), data...))
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		file, err := Open(path)
		_, _ = Symbols(path)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+64*uint64(len(data)) {
			t.Fatalf("%d bytes took %d bytes of memory", len(data), used)
		}
		var corrupt *CorruptError
		var unsupported *UnsupportedError
		switch {
		case err == nil:
			for _, block := range file.Blocks {
				for lane := range bars.Lanes {
					unpack(block, lane)
				}
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		case !errors.As(err, &corrupt) && !errors.As(err, &unsupported):
			t.Fatalf("not an error of the file: %v", err)
		}
	})
}
