package barfile

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"unsafe"

	"vst/scanner/internal/bars"
)

// verifiers is how many goroutines hold the columns against their checksums.
const verifiers = 2

// File is a mapped segment.
type File struct {
	// Blocks have columns that lie in the mapping: they may not be written, and not be read
	// after Close.
	Blocks []*bars.Block
	data   []byte
}

// Open maps a segment and checks all of it, checksums included. A file that is not what a
// writer wrote gives a *CorruptError, one of another version an error with *UnsupportedError.
func Open(path string) (*File, error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	f := &File{data: data}
	if err := f.read(); err != nil {
		return nil, errors.Join(inFile(path, err), f.Close())
	}
	return f, nil
}

// Close unmaps the file.
func (f *File) Close() error {
	data := f.data
	f.Blocks, f.data = nil, nil
	return unmapFile(data)
}

// Symbols are the symbols of a segment, in the order of its lanes, also of a corrupt one as long
// as one of its two indexes is whole.
func Symbols(path string) (symbols []string, err error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	defer func() { err = errors.Join(err, unmapFile(data)) }()
	entries, err := eitherIndex(data)
	if err != nil {
		return nil, inFile(path, err)
	}
	for _, e := range entries {
		for _, symbol := range e.symbols {
			if symbol != "" {
				symbols = append(symbols, symbol)
			}
		}
	}
	return symbols, nil
}

func eitherIndex(data []byte) (entries []entry, err error) {
	err = guarded(func() error {
		var front, end error
		if entries, front = frontIndex(data); front == nil {
			return nil
		}
		if entries, end = endIndex(data); end == nil {
			return nil
		}
		return front
	})
	return entries, err
}

func frontIndex(data []byte) ([]entry, error) {
	head, err := decodeHeader(data)
	if err != nil {
		return nil, err
	}
	if head.indexAt%alignment != 0 {
		return nil, fmt.Errorf("the index is not aligned to %d bytes", alignment)
	}
	return indexAt(data, head, head.indexAt)
}

func endIndex(data []byte) ([]entry, error) {
	if len(data) < headerBytes {
		return nil, errors.New("it is too short")
	}
	end := uint64(len(data) - headerBytes)
	head, err := decodeHeader(data[end:])
	if err != nil {
		return nil, err
	}
	if head.indexSize > end || aligned(head.indexSize) > end {
		return nil, errors.New("it is too short")
	}
	return indexAt(data, head, end-aligned(head.indexSize))
}

func indexAt(data []byte, head *header, offset uint64) ([]entry, error) {
	size := uint64(len(data))
	if offset > size || head.indexSize > size-offset {
		return nil, fmt.Errorf("the index ends behind the file's %d bytes", size)
	}
	index := data[offset : offset+head.indexSize]
	if checksum(index) != head.indexSum {
		return nil, errors.New("the checksum of the index does not fit")
	}
	return decodeIndex(index, head.blocks)
}

func (f *File) read() error {
	var entries []entry
	err := guarded(func() error {
		head, err := decodeHeader(f.data)
		if err != nil {
			return err
		}
		if head.length != uint64(len(f.data)) {
			return fmt.Errorf("it has %d bytes and should have %d", len(f.data), head.length)
		}
		entries, err = frontIndex(f.data)
		return err
	})
	if err != nil {
		return err
	}
	f.Blocks = make([]*bars.Block, len(entries))
	for i := range entries {
		if f.Blocks[i], err = entries[i].block(f.data); err != nil {
			return &blockError{i, err}
		}
	}
	return f.verify(entries)
}

// block is the block whose columns lie in data.
func (e *entry) block(data []byte) (*bars.Block, error) {
	var columns [columnCount][]byte
	for column, offset := range e.offsets {
		if offset%alignment != 0 {
			return nil, fmt.Errorf("column %s is not aligned to %d bytes", columnNames[column], alignment)
		}
		size := e.columnSize(column)
		if offset > uint64(len(data)) || size > uint64(len(data))-offset {
			return nil, fmt.Errorf("column %s ends behind the file's %d bytes", columnNames[column], len(data))
		}
		columns[column] = data[offset : offset+size : offset+size]
	}
	block := &bars.Block{
		Symbols: e.symbols, Lengths: e.lengths, Rows: e.rows,
		Day: valuesOf[int32](columns[columnDay]), Volume: valuesOf[float64](columns[columnVolume]),
	}
	if e.floats {
		block.Floats = pricesIn[float64](columns)
	} else {
		block.Ticks = pricesIn[int32](columns)
	}
	return block, nil
}

func pricesIn[T int32 | float64](columns [columnCount][]byte) *bars.Prices[T] {
	return &bars.Prices[T]{
		Open: valuesOf[T](columns[columnOpen]), High: valuesOf[T](columns[columnHigh]),
		Low: valuesOf[T](columns[columnLow]), Close: valuesOf[T](columns[columnClose]),
	}
}

func valuesOf[T int32 | float64](data []byte) []T {
	var value T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/int(unsafe.Sizeof(value)))
}

// verify reads every column, the blocks divided among goroutines.
func (f *File) verify(entries []entry) error {
	var faults [verifiers]error
	var wait sync.WaitGroup
	for w := range verifiers {
		wait.Go(func() {
			for i := w; i < len(entries) && faults[w] == nil; i += verifiers {
				faults[w] = entries[i].verify(i, f.Blocks[i])
			}
		})
	}
	wait.Wait()
	for _, fault := range faults {
		if fault != nil {
			return fault
		}
	}
	return nil
}

func (e *entry) verify(number int, block *bars.Block) error {
	for column, data := range columnsOf(block) {
		err := guarded(func() error {
			if checksum(data) != e.sums[column] {
				return errors.New("its checksum does not fit")
			}
			return nil
		})
		if err != nil {
			return &blockError{number, fmt.Errorf("column %s: %w", columnNames[column], err)}
		}
	}
	return nil
}

// guarded makes an error of the fault that a mapping raises where the disk cannot read it, or
// where the file was cut off after it was mapped.
func guarded(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch raised := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = errors.New("the disk does not give its bytes")
		default:
			panic(raised)
		}
	}()
	return read()
}

func inFile(path string, err error) error {
	var unsupported *UnsupportedError
	if errors.As(err, &unsupported) {
		return fmt.Errorf("%s: %w", path, err)
	}
	var block *blockError
	if errors.As(err, &block) {
		return &CorruptError{Path: path, Block: block.block, Reason: err.Error()}
	}
	return &CorruptError{Path: path, Block: -1, Reason: err.Error()}
}
