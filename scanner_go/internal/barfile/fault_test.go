//go:build unix

package barfile

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"vst/scanner/internal/bars"
)

// A file that is cut off while it is mapped faults like one that the disk cannot read.
func TestBytesThatCannotBeReadAreAnErrorNotACrash(t *testing.T) {
	path := written(t, Pack([]*bars.Series{random(rand.New(rand.NewPCG(1, 2)), "A", 5000, true)}))
	data, err := mapFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &File{data: data}
	head, err := decodeHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := indexAt(data, head, head.indexAt)
	if err != nil {
		t.Fatal(err)
	}
	block, err := entries[0].block(data)
	if err != nil {
		t.Fatal(err)
	}
	f.Blocks = []*bars.Block{block}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if err := f.verify(entries); err == nil || !strings.Contains(err.Error(), "the disk does not give its bytes") {
		t.Fatalf("error is %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
