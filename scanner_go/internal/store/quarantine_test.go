package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vst/scanner/internal/bars"
)

// spoilt is a folder with a base of A, one of B, and a day appended to B, of which the segment
// at the place was changed.
func spoilt(t *testing.T, place int, spoil func(data []byte) []byte) (dir, name string) {
	t.Helper()
	s, err := Open(t.TempDir(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, Change{Replace: []*bars.Series{daily("A", 100, 50, 10)}})
	write(t, s, Change{Replace: []*bars.Series{daily("B", 100, 50, 20)}})
	write(t, s, Change{Append: []*bars.Series{daily("B", 150, 1, 20)}})
	name = segments(t, s)[place].Name
	path := filepath.Join(s.dir, name)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, spoil(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return s.dir, name
}

var spoils = map[string]func([]byte) []byte{
	"cut off":        func(data []byte) []byte { return data[:len(data)/2] },
	"cut by a byte":  func(data []byte) []byte { return data[:len(data)-1] },
	"longer":         func(data []byte) []byte { return append(data, 0) },
	"bit of a price": func(data []byte) []byte { data[192] ^= 4; return data },
	"bit of index":   func(data []byte) []byte { data[70] ^= 1; return data },
	"bit of header":  func(data []byte) []byte { data[13] ^= 1; return data },
	"zeroed tail":    func(data []byte) []byte { clear(data[512:]); return data },
	"zeroed head":    func(data []byte) []byte { clear(data[:512]); return data },
}

func TestACorruptSegmentIsSetAsideWithItsErrorAndTheRestServes(t *testing.T) {
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			dir, segment := spoilt(t, 0, spoil)
			b := daily("B", 100, 51, 20)
			for _, moment := range []string{"when found", "later"} {
				s := open(t, dir)
				expect(t, s, b)
				lost := errorsOf(s)
				if len(lost) != 1 || !strings.Contains(lost["A"], segment+" is corrupt: ") {
					t.Fatalf("%s: errors are %v", moment, lost)
				}
				snapshot := s.Snapshot()
				if _, fault := snapshot.Series("A"); fault == nil || fault.Reason != lost["A"] {
					t.Fatalf("%s: the series' error is %v", moment, fault)
				}
				if snapshot.Runs("A") != nil {
					t.Fatal("runs of a lost symbol")
				}
				snapshot.Release()
			}
			aside := filepath.Join(dir, quarantineName, segment)
			reason, err := os.ReadFile(aside + reasonSuffix)
			if err != nil || !strings.Contains(string(reason), segment+" is corrupt: ") {
				t.Fatalf("the reason aside is %q, %v", reason, err)
			}
			if _, err := os.Stat(aside); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, segment)); !os.IsNotExist(err) {
				t.Fatalf("the corrupt file is still there: %v", err)
			}

			s := open(t, dir)
			err = s.Write(context.Background(), Change{Append: []*bars.Series{daily("A", 150, 1, 10)}})
			if err == nil || !strings.Contains(err.Error(), "A: its bars are lost, import it again") {
				t.Fatalf("an append to a lost symbol: %v", err)
			}
			// Other writes leave the symbol lost, its replacement heals it.
			write(t, s, Change{Append: []*bars.Series{daily("B", 151, 1, 20)}})
			if lost := errorsOf(s); len(lost) != 1 {
				t.Fatalf("errors are %v", lost)
			}
			write(t, s, Change{Replace: []*bars.Series{daily("A", 100, 60, 30)}})
			if lost := errorsOf(s); len(lost) != 0 {
				t.Fatalf("after the replacement errors are %v", lost)
			}
			expect(t, s, daily("A", 100, 60, 30), daily("B", 100, 52, 20))
			expect(t, open(t, dir), daily("A", 100, 60, 30), daily("B", 100, 52, 20))
		})
	}
}

func TestALostAppendTakesTheSymbolsItHad(t *testing.T) {
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			dir, segment := spoilt(t, 2, spoil)
			s := open(t, dir)
			expect(t, s, daily("A", 100, 50, 10))
			if lost := errorsOf(s); len(lost) != 1 || !strings.Contains(lost["B"], segment) {
				t.Fatalf("errors are %v", lost)
			}
			write(t, s, Change{Replace: []*bars.Series{daily("B", 100, 52, 20)}})
			expect(t, s, daily("A", 100, 50, 10), daily("B", 100, 52, 20))
			if len(errorsOf(s)) > 0 || len(segments(t, s)) != 2 {
				t.Fatalf("what was lost stays: %v, %v", errorsOf(s), segments(t, s))
			}
		})
	}
}

func TestASegmentThatCannotNameItsSymbolsIsReportedItself(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"zeroed": func(data []byte) []byte { clear(data); return data },
		"empty":  func([]byte) []byte { return nil },
		"other":  func([]byte) []byte { return []byte("something else") },
	} {
		t.Run("base "+name, func(t *testing.T) {
			dir, segment := spoilt(t, 0, spoil)
			s := open(t, dir)
			expect(t, s, daily("B", 100, 51, 20))
			if lost := errorsOf(s); len(lost) != 1 || !strings.Contains(lost[segment], segment+" is corrupt") {
				t.Fatalf("errors are %v", lost)
			}
			// A might have been in it: its history must not begin anew in silence.
			err := s.Write(context.Background(), Change{Append: []*bars.Series{daily("A", 150, 1, 10)}})
			if err == nil || !strings.Contains(err.Error(), "appending would hide the gap") {
				t.Fatalf("error is %v", err)
			}
			write(t, s, Change{Append: []*bars.Series{daily("B", 151, 1, 20)}, Replace: []*bars.Series{daily("B", 1, 9, 20)}})
			if lost := errorsOf(s); len(lost) != 1 {
				t.Fatalf("errors are %v", lost)
			}
			write(t, s, Change{Replace: []*bars.Series{daily("A", 100, 60, 30)}})
			if lost := errorsOf(s); len(lost) != 0 {
				t.Fatalf("errors are %v", lost)
			}
		})
		t.Run("base of an appended one "+name, func(t *testing.T) {
			dir, segment := spoilt(t, 1, spoil)
			s := open(t, dir)
			expect(t, s, daily("A", 100, 50, 10))
			lost := errorsOf(s)
			if len(lost) != 2 || lost[segment] == "" || !strings.Contains(lost["B"], "the bars before its appended ones are lost") {
				t.Fatalf("errors are %v", lost)
			}
			write(t, s, Change{Replace: []*bars.Series{daily("B", 100, 60, 30)}})
			expect(t, open(t, dir), daily("A", 100, 50, 10), daily("B", 100, 60, 30))
		})
		t.Run("append "+name, func(t *testing.T) {
			dir, segment := spoilt(t, 2, spoil)
			s := open(t, dir)
			expect(t, s)
			lost := errorsOf(s)
			if len(lost) != 3 || lost[segment] == "" || !strings.Contains(lost["A"], "its last bars may be lost") {
				t.Fatalf("errors are %v", lost)
			}
			write(t, s, Change{Replace: []*bars.Series{daily("A", 100, 50, 10)}})
			expect(t, s, daily("A", 100, 50, 10))
			write(t, s, Change{Replace: []*bars.Series{daily("B", 100, 60, 30)}})
			expect(t, s, daily("A", 100, 50, 10), daily("B", 100, 60, 30))
			if lost := errorsOf(s); len(lost) != 0 {
				t.Fatalf("errors are %v", lost)
			}
		})
	}
}

func TestAMissingSegmentIsReported(t *testing.T) {
	dir, segment := spoilt(t, 0, func(data []byte) []byte { return data })
	if err := os.Remove(filepath.Join(dir, segment)); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	expect(t, s, daily("B", 100, 51, 20))
	if lost := errorsOf(s); !strings.Contains(lost[segment], "the file is missing") {
		t.Fatalf("errors are %v", lost)
	}
}

func TestTheRestOfAFolderThatCannotBeWrittenServes(t *testing.T) {
	dir, segment := spoilt(t, 0, spoils["bit of a price"])
	// A file in the quarantine's place stops even the superuser from moving anything there.
	if err := os.WriteFile(filepath.Join(dir, quarantineName), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	expect(t, s, daily("B", 100, 51, 20))
	if lost := errorsOf(s); !strings.Contains(lost["A"], segment+" is corrupt") {
		t.Fatalf("errors are %v", lost)
	}
	if _, err := os.Stat(filepath.Join(dir, segment)); err != nil {
		t.Fatal(err)
	}
}

func TestASegmentOfAnotherVersionIsNotTakenForCorrupt(t *testing.T) {
	dir, segment := spoilt(t, 0, func(data []byte) []byte {
		data[8] = 2
		sum := crc32.Checksum(data[:44], crc32.MakeTable(crc32.Castagnoli))
		binary.LittleEndian.PutUint32(data[44:], sum)
		return data
	})
	_, err := Open(dir, quiet)
	if err == nil || !strings.Contains(err.Error(), segment+": the segment has format version 2") {
		t.Fatalf("error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, segment)); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedManifestIsAnErrorThatNamesIt(t *testing.T) {
	for want, data := range map[string]string{
		"unexpected end":                `{"format": 1, "segm`,
		"its format is 2":               `{"format": 2}`,
		"is not the name of a segment":  `{"format": 1, "segments": [{"name": "../x", "mode": "replace"}]}`,
		"has the unknown mode":          `{"format": 1, "segments": [{"name": "segment-0000000001.bars", "mode": "x"}]}`,
		"stands twice":                  `{"format": 1, "segments": [{"name": "segment-0000000001.bars", "mode": "replace"}, {"name": "segment-0000000001.bars", "mode": "append"}]}`,
		"is larger than 16777216 bytes": strings.Repeat(" ", maxManifestBytes+1),
	} {
		t.Run(want, func(t *testing.T) {
			dir, _ := spoilt(t, 0, func(data []byte) []byte { return data })
			if err := os.WriteFile(filepath.Join(dir, manifestName), []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir, quiet)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), manifestName) {
				t.Fatalf("error is %v", err)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		dir, _ := spoilt(t, 0, func(data []byte) []byte { return data })
		if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, quiet); err == nil || !strings.Contains(err.Error(), "is missing though the folder has segments") {
			t.Fatalf("error is %v", err)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format": 1, "generation": 12, "segments": [{"name": "segment-0000000001.bars", "mode": "replace"}]}`))
	f.Add([]byte(`{"format": 1, "segments": null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeManifest(data)
		if err != nil {
			return
		}
		for _, row := range m.Segments {
			if name := fmt.Sprintf("segment-%010d.bars", numberOf(row.Name)); row.Name != name {
				t.Fatalf("%q passed for a segment's name", row.Name)
			}
		}
	})
}
