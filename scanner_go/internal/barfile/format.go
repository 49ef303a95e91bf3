// Package barfile writes segments of the bar store and maps them into memory. The bytes are
// described in docs/bar-store.md. Columns lie in memory as they lie in the file, so that a
// mapping needs no conversion: every platform this is built for is little-endian.
package barfile

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"unicode/utf8"

	"vst/scanner/internal/bars"
)

// MaxNameBytes and MaxRows bound a symbol's name and the bars of a block.
const (
	MaxNameBytes = 32
	MaxRows      = 1_000_000
)

const (
	magic       = "VSTBARS1"
	version     = 1
	headerBytes = 48
	alignment   = 64
	// An index entry without its names.
	entryBytes = 4 + 4 + columnCount*(8+4) + bars.Lanes*laneBytes
	laneBytes  = 4 + 1
)

const (
	columnClose = iota
	columnHigh
	columnLow
	columnOpen
	columnDay
	columnVolume
	columnCount
)

var columnNames = [columnCount]string{"close", "high", "low", "open", "day", "volume"}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) uint32 { return crc32.Checksum(data, castagnoli) }

func aligned(offset uint64) uint64 { return (offset + alignment - 1) &^ (alignment - 1) }

// header is the first bytes of a segment, and once more its last section.
type header struct {
	blocks             uint32
	length             uint64
	indexAt, indexSize uint64
	indexSum           uint32
}

func (h *header) encode() []byte {
	out := make([]byte, 0, headerBytes)
	out = append(out, magic...)
	out = binary.LittleEndian.AppendUint32(out, version)
	out = binary.LittleEndian.AppendUint32(out, h.blocks)
	out = binary.LittleEndian.AppendUint64(out, h.length)
	out = binary.LittleEndian.AppendUint64(out, h.indexAt)
	out = binary.LittleEndian.AppendUint64(out, h.indexSize)
	out = binary.LittleEndian.AppendUint32(out, h.indexSum)
	return binary.LittleEndian.AppendUint32(out, checksum(out))
}

func decodeHeader(data []byte) (*header, error) {
	if len(data) < headerBytes {
		return nil, fmt.Errorf("%d bytes are too few for a header", len(data))
	}
	if string(data[:8]) != magic {
		return nil, fmt.Errorf("it does not begin with %s", magic)
	}
	if sum := binary.LittleEndian.Uint32(data[44:]); sum != checksum(data[:44]) {
		return nil, fmt.Errorf("the checksum of the header does not fit")
	}
	if found := binary.LittleEndian.Uint32(data[8:]); found != version {
		return nil, &UnsupportedError{Version: found}
	}
	return &header{
		blocks:    binary.LittleEndian.Uint32(data[12:]),
		length:    binary.LittleEndian.Uint64(data[16:]),
		indexAt:   binary.LittleEndian.Uint64(data[24:]),
		indexSize: binary.LittleEndian.Uint64(data[32:]),
		indexSum:  binary.LittleEndian.Uint32(data[40:]),
	}, nil
}

// entry is what the index says of one block.
type entry struct {
	rows    int
	floats  bool
	offsets [columnCount]uint64
	sums    [columnCount]uint32
	symbols [bars.Lanes]string
	lengths [bars.Lanes]int
}

// columnSize is the bytes of a column.
func (e *entry) columnSize(column int) uint64 {
	width := uint64(4)
	if column == columnVolume || column != columnDay && e.floats {
		width = 8
	}
	return uint64(e.rows) * bars.Lanes * width
}

func (e *entry) encode(out []byte) []byte {
	encoding := byte(0)
	if e.floats {
		encoding = 1
	}
	out = binary.LittleEndian.AppendUint32(out, uint32(e.rows))
	out = append(out, encoding, 0, 0, 0)
	for _, offset := range e.offsets {
		out = binary.LittleEndian.AppendUint64(out, offset)
	}
	for _, sum := range e.sums {
		out = binary.LittleEndian.AppendUint32(out, sum)
	}
	for lane, symbol := range e.symbols {
		out = binary.LittleEndian.AppendUint32(out, uint32(e.lengths[lane]))
		out = append(out, byte(len(symbol)))
		out = append(out, symbol...)
	}
	return out
}

// decodeIndex reads the entries of all blocks; an error names the block.
func decodeIndex(data []byte, blocks uint32) ([]entry, error) {
	if blocks == 0 {
		return nil, fmt.Errorf("it has no blocks")
	}
	if uint64(blocks)*entryBytes > uint64(len(data)) {
		return nil, fmt.Errorf("an index of %d bytes is too short for %d blocks", len(data), blocks)
	}
	entries := make([]entry, blocks)
	seen := map[string]bool{}
	for i := range entries {
		rest, err := entries[i].decode(data)
		if err == nil {
			err = entries[i].check(seen)
		}
		if err != nil {
			return nil, &blockError{i, err}
		}
		data = rest
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("%d bytes follow the last entry of the index", len(data))
	}
	return entries, nil
}

func (e *entry) decode(data []byte) (rest []byte, err error) {
	if len(data) < entryBytes {
		return nil, fmt.Errorf("its entry in the index is cut off")
	}
	// A number of 2^31 rows and more must not become negative where int has 32 bits.
	e.rows = int(min(binary.LittleEndian.Uint32(data), MaxRows+1))
	if data[4] > 1 || data[5] != 0 || data[6] != 0 || data[7] != 0 {
		return nil, fmt.Errorf("the encoding % x is unknown", data[4:8])
	}
	e.floats = data[4] == 1
	data = data[8:]
	for i := range e.offsets {
		e.offsets[i] = binary.LittleEndian.Uint64(data[8*i:])
	}
	data = data[8*columnCount:]
	for i := range e.sums {
		e.sums[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	data = data[4*columnCount:]
	for lane := range bars.Lanes {
		if len(data) < laneBytes || len(data)-laneBytes < int(data[4]) {
			return nil, fmt.Errorf("its entry in the index is cut off")
		}
		e.lengths[lane] = int(min(binary.LittleEndian.Uint32(data), MaxRows+1))
		name := data[laneBytes : laneBytes+int(data[4])]
		e.symbols[lane] = string(name)
		data = data[laneBytes+len(name):]
	}
	return data, nil
}

// check holds the entry against the limits, for reading as for writing. seen are the symbols of
// the segment so far.
func (e *entry) check(seen map[string]bool) error {
	if e.rows < 1 || e.rows > MaxRows {
		return fmt.Errorf("its rows are not 1 to %d", MaxRows)
	}
	longest := 0
	for lane, symbol := range e.symbols {
		length := e.lengths[lane]
		switch {
		case symbol == "" && length == 0:
			continue
		case symbol == "":
			return fmt.Errorf("lane %d has %d bars and no symbol", lane, length)
		case length < 1 || length > e.rows:
			return fmt.Errorf("lane %d (%s) has not 1 to %d bars", lane, symbol, e.rows)
		case seen[symbol]:
			return fmt.Errorf("%s stands twice in the segment", symbol)
		}
		if err := CheckName(symbol); err != nil {
			return fmt.Errorf("lane %d: %w", lane, err)
		}
		seen[symbol] = true
		longest = max(longest, length)
	}
	if longest != e.rows {
		return fmt.Errorf("it has %d rows and its longest lane %d bars", e.rows, longest)
	}
	return nil
}

// CheckName says why a symbol's name cannot be stored, nil when it can.
func CheckName(symbol string) error {
	switch {
	case symbol == "":
		return fmt.Errorf("a symbol without a name cannot be stored")
	case len(symbol) > MaxNameBytes:
		return fmt.Errorf("the symbol %.40q is longer than %d bytes", symbol, MaxNameBytes)
	case !utf8.ValidString(symbol) || strings.ContainsFunc(symbol, func(r rune) bool { return r < ' ' }):
		return fmt.Errorf("the symbol %q is not printable text", symbol)
	}
	return nil
}
