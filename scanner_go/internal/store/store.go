package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
)

// Store is an open folder. Safe for several goroutines.
type Store struct {
	dir string
	log *slog.Logger
	// foldBars bounds what one write rewrites to tidy up.
	foldBars int

	// loading is held while a generation is opened.
	loading sync.Mutex
	closed  bool
	// mu is held only to read or set the current view.
	mu   sync.Mutex
	view *view
}

// Open reads the folder. One that is missing or empty is an empty store. Corrupt segments are
// moved to the folder's quarantine and the rest is served; an unreadable manifest is an error.
func Open(dir string, log *slog.Logger) (*Store, error) {
	s := &Store{dir: dir, log: log, foldBars: defaultFoldBars, view: newView(noManifest(), nil)}
	if _, err := s.Refresh(); err != nil {
		return nil, err
	}
	return s, nil
}

// Snapshot returns the current content, that of an empty store after Close. The caller releases
// it.
func (s *Store) Snapshot() *Snapshot { return &Snapshot{view: s.current(), store: s} }

// current returns the current view with a use of it, which the caller gives back with done.
func (s *Store) current() *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view.uses.Add(1)
	return s.view
}

func (s *Store) done(v *view) {
	if err := v.release(); err != nil {
		s.log.Error("a segment of the bar store cannot be unmapped", "store", s.dir, "error", err)
	}
}

func (s *Store) install(v *view) {
	s.mu.Lock()
	old := s.view
	s.view = v
	s.mu.Unlock()
	s.done(old)
}

// Refresh opens the folder's generation when it is another than the one that is held. Where
// nothing changed it costs reading the manifest.
func (s *Store) Refresh() (changed bool, err error) {
	s.loading.Lock()
	defer s.loading.Unlock()
	if s.closed {
		return false, fmt.Errorf("the bar store %s: %w", s.dir, fs.ErrClosed)
	}
	latest := s.current()
	defer func() { s.done(latest) }()
	m, err := readManifest(s.dir)
	for err == nil && !m.same(latest.manifest) {
		var segments []*segment
		if segments, err = s.openSegments(m, latest); err != nil {
			break
		}
		next := newView(m, segments)
		s.done(latest)
		latest = next
		// What is gone was deleted by a writer, if the manifest is another by now.
		if slices.ContainsFunc(segments, (*segment).gone) {
			if m, err = readManifest(s.dir); err != nil || !m.same(next.manifest) {
				continue
			}
		}
		next.uses.Add(1)
		s.install(next)
		return true, nil
	}
	return false, err
}

// openSegments opens what the manifest names, and takes over what the old view has of it.
func (s *Store) openSegments(m *stored, old *view) ([]*segment, error) {
	held := make(map[string]*segment, len(old.segments))
	for _, seg := range old.segments {
		held[seg.name] = seg
	}
	var segments, opened []*segment
	for _, row := range m.Segments {
		seg := held[row.Name]
		if seg == nil || !seg.stands(row, filepath.Join(s.dir, row.Name)) {
			var err error
			if seg, err = s.openSegment(row); err != nil {
				return nil, errors.Join(err, closeAll(opened))
			}
			opened = append(opened, seg)
		}
		segments = append(segments, seg)
	}
	return segments, nil
}

// closeAll unmaps segments that no view has taken over.
func closeAll(segments []*segment) (err error) {
	for _, seg := range segments {
		if seg.file != nil {
			err = errors.Join(err, seg.file.Close())
		}
	}
	return err
}

// Close lets go of the current content; snapshots that are still held stay whole.
func (s *Store) Close() error {
	s.loading.Lock()
	defer s.loading.Unlock()
	s.closed = true
	s.install(newView(noManifest(), nil))
	return nil
}
