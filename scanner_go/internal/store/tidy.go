package store

import (
	"context"
	"slices"

	"vst/scanner/internal/barfile"
	"vst/scanner/internal/bars"
)

const (
	// More segments than this of appended bars, or of few symbols, are made one.
	maxSmall = 16
	// A base is rewritten with what was appended to it when that and its dead lanes are more
	// than one part in so many of it.
	foldPart = 4
	// One write rewrites no more bars than this, or one base, and leaves an appended segment of
	// more alone: a million take 28 MB, a store of 10 000 symbols over ten years has 25 million.
	defaultFoldBars = 1_000_000
)

// tidy does one step of what keeps reading fast: it merges the appended segments into one, or
// rewrites bases with what was appended to them. The content stays the same. A step is bounded,
// so that an append of a day never waits for the whole store to be rewritten: while many bases
// are due, each write takes some of them.
func (s *Store) tidy(ctx context.Context) error {
	t, err := s.begin()
	if err != nil {
		return err
	}
	defer t.end()
	if appended := t.view.mergeable(s.foldBars); len(appended) > maxSmall {
		return t.merge(ctx, appended)
	}
	if due := t.view.due(); len(due) > 0 {
		return t.fold(ctx, due)
	}
	return nil
}

// mergeable are the appended segments behind the last one that is too large, or has bars of a
// faulty symbol. The latter stay as they are until the symbol is replaced.
func (v *view) mergeable(tooLarge int) []*segment {
	var found []*segment
	for _, seg := range v.segments {
		switch {
		case seg.mode != modeAppend:
		case seg.lost != "" || v.hasFault(seg) || seg.bars() > tooLarge:
			found = nil
		default:
			found = append(found, seg)
		}
	}
	return found
}

func (v *view) hasFault(seg *segment) bool {
	return slices.ContainsFunc(seg.file.Blocks, func(block *bars.Block) bool {
		return slices.ContainsFunc(block.Symbols[:], func(symbol string) bool {
			return symbol != "" && v.holdings[symbol].fault != ""
		})
	})
}

// merge writes what is current of the segments as one. It is packed in parts, so that only a
// part is held as floats.
func (t *transaction) merge(ctx context.Context, segments []*segment) error {
	merged := map[*bars.Block]bool{}
	for _, seg := range segments {
		for _, block := range seg.file.Blocks {
			merged[block] = true
		}
	}
	var blocks []*bars.Block
	for symbols := range slices.Chunk(t.view.symbols, fullSymbols) {
		var part []*bars.Series
		for _, symbol := range symbols {
			runs := t.view.holdings[symbol].runs
			from := slices.IndexFunc(runs, func(run Run) bool { return merged[run.Block] })
			if from >= 0 {
				part = append(part, join(symbol, runs[from:]))
			}
		}
		blocks = append(blocks, barfile.Pack(part)...)
	}
	t.keep(func(seg *segment) bool { return !slices.Contains(segments, seg) })
	if len(blocks) > 0 {
		if err := t.add(ctx, modeAppend, blocks); err != nil {
			return err
		}
	}
	return t.commit(ctx)
}

// due are the bases that should be rewritten: those with much appended or dead, and those of few
// symbols when there are many such.
func (v *view) due() []*segment {
	var due, small []*segment
	for _, seg := range v.segments {
		if seg.lost != "" || seg.mode != modeReplace {
			continue
		}
		switch w := v.weigh(seg); {
		case w.live == 0:
		case (w.appended+w.dead)*foldPart > w.live+w.dead:
			due = append(due, seg)
		case w.symbols < fullSymbols/2:
			small = append(small, seg)
		}
	}
	if len(small) > maxSmall {
		due = append(due, small...)
	}
	return due
}

// weight are the bars of a base that are current, those that no longer are, and those that were
// appended to it. Bars of faulty symbols are none of these.
type weight struct{ symbols, live, dead, appended int }

func (v *view) weigh(seg *segment) (w weight) {
	for _, block := range seg.file.Blocks {
		for lane, symbol := range block.Symbols {
			held := v.holdings[symbol]
			switch {
			case symbol == "" || held.fault != "":
			case v.isBase(block, symbol):
				w.symbols++
				w.live += held.runs[0].Length
				w.appended += held.bars - held.runs[0].Length
			default:
				w.dead += block.Lengths[lane]
			}
		}
	}
	return w
}

// fold rewrites bases up to the bound, at least one.
func (t *transaction) fold(ctx context.Context, segments []*segment) error {
	var series []*bars.Series
	count := 0
	for _, seg := range segments {
		w := t.view.weigh(seg)
		count += w.live + w.appended
		if len(series) > 0 && count > t.store.foldBars {
			break
		}
		for _, block := range seg.file.Blocks {
			for _, symbol := range block.Symbols {
				if t.view.isBase(block, symbol) {
					series = append(series, join(symbol, t.view.holdings[symbol].runs))
				}
			}
		}
	}
	t.keep(t.view.needed(series))
	if err := t.replace(ctx, series); err != nil {
		return err
	}
	return t.commit(ctx)
}

// isBase says whether the block has the base of the symbol, and that is served.
func (v *view) isBase(block *bars.Block, symbol string) bool {
	held := v.holdings[symbol]
	return held != nil && held.fault == "" && held.runs[0].Block == block
}
