// Package store keeps daily bars in one folder of immutable, mapped segments that a manifest
// names: docs/bar-store.md. Several processes may read a folder while one of them writes.
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"vst/scanner/internal/barfile"
)

const (
	manifestName   = "manifest.json"
	manifestFormat = 1
	// A manifest of more is none; one entry takes about 60 bytes.
	maxManifestBytes = 16 << 20
)

type mode string

const (
	modeReplace mode = "replace"
	modeAppend  mode = "append"
)

// manifest says which segments count, in their order.
type manifest struct {
	Format     int        `json:"format"`
	Generation uint64     `json:"generation"`
	Segments   []namedRow `json:"segments"`
}

type namedRow struct {
	Name string `json:"name"`
	Mode mode   `json:"mode"`
}

var segmentName = regexp.MustCompile(`^segment-[0-9]{10}\.bars$`)

func nameOf(number uint64) string { return fmt.Sprintf("segment-%010d.bars", number) }

func numberOf(name string) (number uint64) {
	if segmentName.MatchString(name) {
		// Ten digits always fit.
		_, _ = fmt.Sscanf(name, "segment-%d.bars", &number)
	}
	return number
}

// lastNumber is the highest number of a segment in the folder, 0 when there is none.
func lastNumber(dir string) (last uint64, err error) {
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	for _, entry := range found {
		last = max(last, numberOf(entry.Name()))
	}
	return last, nil
}

func decodeManifest(data []byte) (*manifest, error) {
	m := &manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, err
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("its format is %d, this program reads %d", m.Format, manifestFormat)
	}
	seen := map[string]bool{}
	for _, row := range m.Segments {
		switch {
		case !segmentName.MatchString(row.Name):
			return nil, fmt.Errorf("%.60q is not the name of a segment", row.Name)
		case row.Mode != modeReplace && row.Mode != modeAppend:
			return nil, fmt.Errorf("%s has the unknown mode %.60q", row.Name, row.Mode)
		case seen[row.Name]:
			return nil, fmt.Errorf("%s stands twice", row.Name)
		}
		seen[row.Name] = true
	}
	return m, nil
}

// stored is a manifest as it was read. Without info there was none.
type stored struct {
	manifest
	raw  []byte
	info fs.FileInfo
}

// same says whether nobody wrote between the two. A folder that was deleted and filled anew can
// have the same bytes, and two changes within a tick of the file system's clock the same time.
func (m *stored) same(other *stored) bool {
	if m.info == nil || other.info == nil {
		return m.info == other.info
	}
	return os.SameFile(m.info, other.info) && m.info.ModTime().Equal(other.info.ModTime()) &&
		bytes.Equal(m.raw, other.raw)
}

func noManifest() *stored {
	return &stored{manifest: manifest{Format: manifestFormat, Segments: []namedRow{}}}
}

// readManifest reads what the folder has. A folder without a manifest and without segments is an
// empty store; segments without a manifest are an error, since a writer stores a manifest before
// its first segment.
func readManifest(dir string) (*stored, error) {
	path := filepath.Join(dir, manifestName)
	raw, info, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		if last, err := lastNumber(dir); err != nil || last == 0 {
			return noManifest(), err
		}
		return nil, fmt.Errorf("%s is missing though the folder has segments: restore it, or move them away", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the bar store's manifest: %w", err)
	}
	m, err := decodeManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged, restore it or import into another folder: %w", path, err)
	}
	return &stored{*m, raw, info}, nil
}

func readBounded(path string) (data []byte, info fs.FileInfo, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if info, err = file.Stat(); err != nil {
		return nil, nil, err
	}
	data, err = io.ReadAll(io.LimitReader(file, maxManifestBytes+1))
	if err == nil && len(data) > maxManifestBytes {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxManifestBytes)
	}
	return data, info, err
}

// write puts the manifest in place of the folder's.
func (m *manifest) write(dir string) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, manifestName)
	temporary := path + barfile.TemporarySuffix
	file, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := replaceFile(temporary, path); err != nil {
		return err
	}
	return syncFolder(dir)
}
