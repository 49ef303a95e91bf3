package barfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"vst/scanner/internal/bars"
)

// TemporarySuffix ends the name of a file that is being written.
const TemporarySuffix = ".tmp"

const bufferBytes = 1 << 18

// Write stores the blocks as a segment: under a temporary name, synced, then renamed to path.
// On error nothing stands at path that did not stand there before.
//
// Header and index stand first and once more at the end: a file that was cut off, or damaged in
// one place, can still say whose bars it held (see Symbols).
func Write(path string, blocks []*bars.Block) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write segment %s: %w", path, err)
		}
	}()
	entries, err := layOut(blocks)
	if err != nil {
		return err
	}
	file, err := os.Create(path + TemporarySuffix)
	if err != nil {
		return err
	}
	err = errors.Join(writeTo(file, entries, blocks), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// layOut checks the blocks and says where their columns go.
func layOut(blocks []*bars.Block) ([]entry, error) {
	if len(blocks) == 0 {
		return nil, errors.New("there are no blocks")
	}
	entries := make([]entry, len(blocks))
	seen := map[string]bool{}
	for i, block := range blocks {
		if (block.Ticks == nil) == (block.Floats == nil) {
			return nil, fmt.Errorf("block %d: prices must be either ticks or floats", i)
		}
		e := &entries[i]
		e.rows, e.symbols, e.lengths = block.Rows, block.Symbols, block.Lengths
		e.floats = block.Floats != nil
		if err := e.check(seen); err != nil {
			return nil, fmt.Errorf("block %d: %w", i, err)
		}
		for column, data := range columnsOf(block) {
			if uint64(len(data)) != e.columnSize(column) {
				return nil, fmt.Errorf("block %d: column %s has not %d rows", i, columnNames[column], e.rows)
			}
			e.sums[column] = checksum(data)
		}
	}
	offset := aligned(alignment + indexSize(entries))
	for i := range entries {
		for column := range columnCount {
			entries[i].offsets[column] = offset
			offset = aligned(offset + entries[i].columnSize(column))
		}
	}
	return entries, nil
}

func indexSize(entries []entry) uint64 {
	size := uint64(0)
	for _, e := range entries {
		size += entryBytes
		for _, symbol := range e.symbols {
			size += uint64(len(symbol))
		}
	}
	return size
}

func writeTo(file io.Writer, entries []entry, blocks []*bars.Block) error {
	var index []byte
	for i := range entries {
		index = entries[i].encode(index)
	}
	last := entries[len(entries)-1]
	end := aligned(last.offsets[columnVolume] + last.columnSize(columnVolume))
	head := header{
		blocks:  uint32(len(entries)),
		length:  end + aligned(uint64(len(index))) + headerBytes,
		indexAt: alignment, indexSize: uint64(len(index)), indexSum: checksum(index),
	}
	out := bufio.NewWriterSize(file, bufferBytes)
	section := func(data []byte) error {
		if _, err := out.Write(data); err != nil {
			return err
		}
		var zeros [alignment]byte
		_, err := out.Write(zeros[:aligned(uint64(len(data)))-uint64(len(data))])
		return err
	}
	if err := errors.Join(section(head.encode()), section(index)); err != nil {
		return err
	}
	for _, block := range blocks {
		for _, data := range columnsOf(block) {
			if err := section(data); err != nil {
				return err
			}
		}
	}
	if err := section(index); err != nil {
		return err
	}
	if _, err := out.Write(head.encode()); err != nil {
		return err
	}
	return out.Flush()
}

// columnsOf are the bytes of a block's columns in the order of the index.
func columnsOf(b *bars.Block) [columnCount][]byte {
	columns := [columnCount][]byte{columnDay: bytesOf(b.Day), columnVolume: bytesOf(b.Volume)}
	if p := b.Ticks; p != nil {
		columns[columnClose], columns[columnHigh] = bytesOf(p.Close), bytesOf(p.High)
		columns[columnLow], columns[columnOpen] = bytesOf(p.Low), bytesOf(p.Open)
	}
	if p := b.Floats; p != nil {
		columns[columnClose], columns[columnHigh] = bytesOf(p.Close), bytesOf(p.High)
		columns[columnLow], columns[columnOpen] = bytesOf(p.Low), bytesOf(p.Open)
	}
	return columns
}

func bytesOf[T int32 | float64](values []T) []byte {
	var value T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(value)))
}
