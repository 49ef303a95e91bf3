package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"vst/scanner/internal/bars"
)

// filesAtOnce bounds the files that are read at the same time.
const filesAtOnce = 4

// files reads a directory of CSV and Parquet files with the columns date, open, high, low, close
// and volume. A file with a column symbol too holds many symbols, one without it that of its name:
// AAPL.csv, BRK-B.parquet. Several files with a column symbol may share a symbol; its rows are then
// joined in the order of the files' names.
type files struct{ folder string }

func newFiles(raw json.RawMessage) (Provider, error) {
	var config struct {
		Path string `json:"path"`
	}
	if err := decode(raw, &config); err != nil {
		return nil, err
	}
	if config.Path == "" {
		return nil, errors.New(`the key "path" is missing`)
	}
	if !filepath.IsAbs(config.Path) {
		return nil, errors.New(`the key "path" is not an absolute path`)
	}
	return &files{config.Path}, nil
}

// table is an open file of bars.
type table interface {
	// long says whether the file has a column symbol.
	long() bool
	// rows reads all rows. Its error means that the file cannot be read further.
	rows(ctx context.Context, request Request, sink sink) error
}

// sink says where a row of a symbol goes, nil when it was not asked for. The symbol is that of the
// file, nil where the file has no such column, and valid during the call only.
type sink = func(symbol []byte) *gathered

// gathered is what was read of one symbol.
type gathered struct {
	series bars.Series
	// file is the last that had a row of it.
	file  string
	fault *bars.Error
}

// refuse keeps the first reason.
func (g *gathered) refuse(day *int32, reason string) {
	if g.fault == nil {
		g.fault = &bars.Error{Day: day, Reason: g.file + ": " + reason}
	}
}

// Fetch reads the files with many symbols one after the other, then those of one symbol.
func (f *files) Fetch(ctx context.Context, request Request, take Take) error {
	asked, spellings, err := sift(ctx, request, take)
	if err != nil {
		return err
	}
	found, err := f.sort(ctx, asked)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return refuse(ctx, names(asked, spellings), err.Error(), take)
	}
	many, err := f.gather(ctx, &found, request, spellings)
	if err != nil {
		return err
	}
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(filesAtOnce)
	for _, spelling := range spellings {
		if running.Err() != nil {
			break
		}
		group.Go(func() error {
			read, err := f.one(running, request, many[spelling], found.own[spelling], found.broken)
			if err != nil {
				return err
			}
			return read.hand(asked[spelling], request.Timeframe, take)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func names(asked map[string]string, spellings []string) []string {
	symbols := make([]string, len(spellings))
	for i, spelling := range spellings {
		symbols[i] = asked[spelling]
	}
	return symbols
}

func (g *gathered) hand(symbol string, timeframe bars.Timeframe, take Take) error {
	if g.fault != nil {
		g.fault.Symbol = symbol
		return take(nil, g.fault)
	}
	if len(g.series.Time) == 0 {
		return take(nil, &bars.Error{Symbol: symbol, Reason: "files: there are no bars in the range asked for"})
	}
	g.series.Symbol, g.series.Timeframe = symbol, timeframe
	return take(&g.series, nil)
}

// one completes what is known of a symbol by its own file, where it has one. broken is why a file
// that may have held it as well could not be read, or empty.
func (f *files) one(ctx context.Context, request Request, read *gathered, own []string, broken string) (*gathered, error) {
	switch {
	case len(own) == 0 && broken != "":
		read.fault = &bars.Error{Reason: broken}
		return read, nil
	case len(own) == 0:
		return read, nil
	case len(own) > 1:
		read.fault = &bars.Error{Reason: "files: it stands in more than one: " + strings.Join(own, ", ")}
		return read, nil
	case read.file != "":
		read.fault = &bars.Error{Reason: fmt.Sprintf("files: it stands in both %s and %s", read.file, own[0])}
		return read, nil
	}
	read.file = own[0]
	err := f.read(own[0], func(table table) error {
		return table.rows(ctx, request, func([]byte) *gathered { return read })
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		read.refuse(nil, err.Error())
	}
	return read, nil
}

// sorted is the files of a folder by what they hold.
type sorted struct {
	long []string
	own  map[string][]string
	// broken is why the first file that may hold any symbol cannot be read, or empty.
	broken string
}

func (s *sorted) breaks(name string, err error) {
	if s.broken == "" {
		s.broken = name + ": " + err.Error()
	}
}

// sort looks at the columns of the folder's files.
func (f *files) sort(ctx context.Context, asked map[string]string) (sorted, error) {
	entries, err := os.ReadDir(f.folder)
	if err != nil {
		return sorted{}, fmt.Errorf("files: %s cannot be listed: %w", f.folder, errors.Unwrap(err))
	}
	found := sorted{own: map[string][]string{}}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return sorted{}, ctx.Err()
		}
		name := entry.Name()
		ending := strings.ToLower(filepath.Ext(name))
		if entry.IsDir() || strings.HasPrefix(name, ".") || ending != ".csv" && ending != ".parquet" {
			continue
		}
		spelling := canonical(strings.TrimSuffix(name, filepath.Ext(name)))
		_, wanted := asked[spelling]
		long := false
		err := f.read(name, func(table table) error {
			long = table.long()
			return nil
		})
		var columns *columnsError
		switch {
		case err == nil && long:
			found.long = append(found.long, name)
		case wanted && (err == nil || !errors.As(err, &columns) || !columns.long):
			found.own[spelling] = append(found.own[spelling], name)
		case err != nil && (!errors.As(err, &columns) || columns.long):
			found.breaks(name, err)
		}
	}
	return found, nil
}

// gather reads the files with many symbols. One that cannot be read to its end may have held any
// symbol.
func (f *files) gather(ctx context.Context, found *sorted, request Request, spellings []string) (map[string]*gathered, error) {
	into := make(map[string]*gathered, len(spellings))
	for _, spelling := range spellings {
		into[spelling] = &gathered{}
	}
	for _, name := range found.long {
		err := f.read(name, func(table table) error {
			return table.rows(ctx, request, func(symbol []byte) *gathered {
				g := into[string(symbol)]
				if g == nil {
					g = into[canonical(string(symbol))]
				}
				if g != nil {
					g.file = name
				}
				return g
			})
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			found.breaks(name, err)
		}
	}
	return into, nil
}

// read opens a file and closes it again.
func (f *files) read(name string, use func(table) error) (err error) {
	file, err := os.Open(filepath.Join(f.folder, name))
	if err != nil {
		return fmt.Errorf("cannot be opened: %w", errors.Unwrap(err))
	}
	defer func() { _ = file.Close() }()
	if strings.EqualFold(filepath.Ext(name), ".parquet") {
		return readParquet(file, use)
	}
	table, err := openCSV(file)
	if err != nil {
		return err
	}
	return use(table)
}
