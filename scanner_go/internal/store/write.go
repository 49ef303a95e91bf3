package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"vst/scanner/internal/barfile"
	"vst/scanner/internal/bars"
)

const (
	// A segment is full at so many symbols, unless it has few bars.
	fullSymbols = 256
	fewBars     = 1 << 16
	// How many segments are packed and written at a time.
	packers = 2
)

// Write makes the change and takes it into the store's current content. It waits a while for
// another writer, and then says so. What the format cannot hold is refused; whether the bars
// make sense is the door's affair. An append to a symbol whose bars are lost is refused until
// they are replaced.
//
// When the change stands, Write may tidy up (see tidy). What goes wrong with that is logged and
// left to the next write.
func (s *Store) Write(ctx context.Context, change Change) error {
	if err := s.write(ctx, change); err != nil {
		return fmt.Errorf("write to the bar store %s: %w", s.dir, err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, change Change) error {
	if len(change.Replace) == 0 && len(change.Append) == 0 {
		return nil
	}
	if err := cmp.Or(check(change.Replace), check(change.Append)); err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.apply(ctx, change); err != nil {
		return err
	}
	if err := s.tidy(ctx); err != nil {
		s.log.Warn("the bar store could not be tidied", "store", s.dir, "error", err)
	}
	return nil
}

// prepare brings the store to what the folder has, which gets a manifest if it has none.
func (s *Store) prepare(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	found, err := readManifest(s.dir)
	if err == nil && found.info == nil {
		err = found.write(s.dir)
	}
	if err != nil {
		return err
	}
	if _, err := s.Refresh(); err != nil {
		return err
	}
	s.clear()
	return nil
}

func (s *Store) apply(ctx context.Context, change Change) error {
	t, err := s.begin()
	if err != nil {
		return err
	}
	defer t.end()
	base, behind, err := t.view.sortOut(change)
	if err != nil {
		return err
	}
	t.keep(t.view.needed(base))
	if err := t.replace(ctx, base); err != nil {
		return err
	}
	if len(behind) > 0 {
		if err := t.add(ctx, modeAppend, barfile.Pack(behind)); err != nil {
			return err
		}
	}
	return t.commit(ctx)
}

// transaction is a manifest in the making, on top of a view.
type transaction struct {
	store  *Store
	view   *view
	rows   []namedRow
	number uint64
}

func (s *Store) begin() (*transaction, error) {
	last, err := lastNumber(s.dir)
	if err != nil {
		return nil, err
	}
	aside, err := lastNumber(filepath.Join(s.dir, quarantineName))
	if err != nil {
		return nil, err
	}
	t := &transaction{store: s, view: s.current(), rows: []namedRow{}, number: max(last, aside)}
	for _, row := range t.view.manifest.Segments {
		t.number = max(t.number, numberOf(row.Name))
	}
	return t, nil
}

func (t *transaction) end() { t.store.done(t.view) }

// keep takes over the segments that the function wants.
func (t *transaction) keep(wanted func(*segment) bool) {
	for _, seg := range t.view.segments {
		if wanted(seg) {
			t.rows = append(t.rows, namedRow{seg.name, seg.mode})
		}
	}
}

// add writes the blocks as one segment.
func (t *transaction) add(ctx context.Context, mode mode, blocks []*bars.Block) error {
	return t.write(ctx, t.next(mode), blocks)
}

// next names a segment that is to be written.
func (t *transaction) next(mode mode) namedRow {
	t.number++
	row := namedRow{nameOf(t.number), mode}
	t.rows = append(t.rows, row)
	return row
}

func (t *transaction) write(ctx context.Context, row namedRow, blocks []*bars.Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return barfile.Write(filepath.Join(t.store.dir, row.Name), blocks)
}

// replace writes new bases, as many segments as it takes, neighbours in length together.
func (t *transaction) replace(ctx context.Context, series []*bars.Series) error {
	sorted := slices.SortedStableFunc(slices.Values(series), func(a, b *bars.Series) int {
		return cmp.Or(cmp.Compare(len(b.Time), len(a.Time)), cmp.Compare(a.Symbol, b.Symbol))
	})
	var group errgroup.Group
	group.SetLimit(packers)
	from, count := 0, 0
	for i, s := range sorted {
		count += len(s.Time)
		if i+1 < len(sorted) && (i+1-from < fullSymbols || count < fewBars) {
			continue
		}
		row, part := t.next(modeReplace), sorted[from:i+1]
		group.Go(func() error { return t.write(ctx, row, barfile.Pack(part)) })
		from, count = i+1, 0
	}
	return group.Wait()
}

// commit puts the new manifest in place of the old one, and opens it. Up to there nothing has
// changed for anybody; what was written is a leftover that the next writer deletes.
func (t *transaction) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// The segments' names must last before the manifest that names them.
	if err := syncFolder(t.store.dir); err != nil {
		return err
	}
	m := manifest{manifestFormat, t.view.manifest.Generation + 1, t.rows}
	if err := m.write(t.store.dir); err != nil {
		return err
	}
	if _, err := t.store.Refresh(); err != nil {
		return fmt.Errorf("the change stands and cannot be opened: %w", err)
	}
	t.store.clear()
	return nil
}

// clear deletes what no manifest names. Where the system does not delete mapped files they stay
// for a later writer.
func (s *Store) clear() {
	v := s.current()
	defer s.done(v)
	named := map[string]bool{}
	for _, row := range v.manifest.Segments {
		named[row.Name] = true
	}
	found, err := os.ReadDir(s.dir)
	for _, entry := range found {
		name := entry.Name()
		if strings.HasSuffix(name, barfile.TemporarySuffix) || segmentName.MatchString(name) && !named[name] {
			err = errors.Join(err, os.Remove(filepath.Join(s.dir, name)))
		}
	}
	if err != nil {
		s.log.Debug("leftovers of the bar store stay for now", "store", s.dir, "error", err)
	}
}

// needed tells which segments a view still needs once the series are the bases of their symbols.
func (v *view) needed(base []*bars.Series) func(*segment) bool {
	replaced := make(map[string]bool, len(base))
	found := false
	for _, s := range base {
		replaced[s.Symbol] = true
		held := v.holdings[s.Symbol]
		found = found || held == nil || held.fault != ""
	}
	used := map[*bars.Block]bool{}
	faults := map[string]bool{}
	for symbol, held := range v.holdings {
		if replaced[symbol] {
			continue
		}
		if held.fault != "" {
			faults[symbol] = true
		}
		for _, run := range held.runs {
			used[run.Block] = true
		}
	}
	return func(seg *segment) bool {
		switch {
		case seg.lost == "":
			return slices.ContainsFunc(seg.file.Blocks, func(b *bars.Block) bool { return used[b] })
		case seg.symbols != nil:
			return slices.ContainsFunc(seg.symbols, func(symbol string) bool { return faults[symbol] })
		case seg.mode == modeAppend:
			return len(faults) > 0
		}
		// What it held is unknown: bars for a symbol that had none are taken for its remedy.
		return !found
	}
}
