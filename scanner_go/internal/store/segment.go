package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"vst/scanner/internal/barfile"
)

const (
	quarantineName = "quarantine"
	reasonSuffix   = ".error.txt"
	missing        = "the file is missing"
)

// segment is one that the manifest names: mapped, or lost with the reason. It is unmapped when
// the last view that has it is done.
type segment struct {
	name string
	mode mode
	file *barfile.File
	// info is nil when there was no file in the segment's place.
	info fs.FileInfo
	uses atomic.Int64
	// lost says why the file is not served, and then symbols whose bars it held, nil when that
	// cannot be read.
	lost    string
	symbols []string
}

func (s *segment) release() error {
	if s.uses.Add(-1) == 0 && s.file != nil {
		return s.file.Close()
	}
	return nil
}

// bars counts those of a mapped segment.
func (s *segment) bars() (count int) {
	for _, block := range s.file.Blocks {
		for _, length := range block.Lengths {
			count += length
		}
	}
	return count
}

// gone says that the segment was not found at all.
func (s *segment) gone() bool { return s.lost == missing }

// stands says whether the file in the segment's place, if any, is still the one that was looked
// at: a folder that was deleted and filled anew has other files of the same names.
func (s *segment) stands(row namedRow, path string) bool {
	info, err := os.Stat(path)
	if s.mode != row.Mode || err != nil {
		return s.mode == row.Mode && s.info == nil
	}
	return s.info != nil && os.SameFile(info, s.info)
}

// openSegment maps the segment, or puts it into quarantine. A segment that stands neither in its
// place nor there is lost as well.
func (s *Store) openSegment(row namedRow) (*segment, error) {
	seg := &segment{name: row.Name, mode: row.Mode}
	path := filepath.Join(s.dir, row.Name)
	file, err := barfile.Open(path)
	var corrupt *barfile.CorruptError
	switch {
	case errors.As(err, &corrupt):
		s.setAside(seg, path, corrupt)
	case errors.Is(err, fs.ErrNotExist):
		s.findAside(seg)
	case err != nil:
		return nil, err
	}
	seg.file = file
	// No error: a file that was moved aside has none.
	seg.info, _ = os.Stat(path)
	return seg, nil
}

// setAside moves a corrupt file to the quarantine; where the folder cannot be written it stays,
// and is not served either.
func (s *Store) setAside(seg *segment, path string, corrupt *barfile.CorruptError) {
	seg.lost = corrupt.Error()
	// The reason is logged above all; without symbols the segment's name is reported.
	seg.symbols, _ = barfile.Symbols(path)
	folder := filepath.Join(s.dir, quarantineName)
	aside := filepath.Join(folder, seg.name)
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = os.WriteFile(aside+reasonSuffix, []byte(seg.lost+"\n"), 0o644)
	}
	if err == nil {
		err = os.Rename(path, aside)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("a corrupt segment of the bar store cannot be moved to quarantine",
			"segment", path, "fault", seg.lost, "symbols", len(seg.symbols), "error", err)
		return
	}
	s.log.Error("a corrupt segment of the bar store is in quarantine",
		"segment", aside, "fault", seg.lost, "symbols", len(seg.symbols))
}

// findAside tells of a segment that was set aside before, or that is gone.
func (s *Store) findAside(seg *segment) {
	aside := filepath.Join(s.dir, quarantineName, seg.name)
	reason, _, err := readBounded(aside + reasonSuffix)
	if err != nil {
		seg.lost = missing
		return
	}
	seg.lost = strings.TrimSpace(string(reason))
	seg.symbols, _ = barfile.Symbols(aside)
}
