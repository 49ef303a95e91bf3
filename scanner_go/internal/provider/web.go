package provider

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vst/scanner/internal/bars"
)

const secondsPerDay = 24 * 60 * 60

// The range that providers are asked for where the request has no bounds, or bounds beyond it.
var (
	earliest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// instant is a bound of a request as a moment: a day's first second, or its last.
func instant(bound int64, timeframe bars.Timeframe, last bool) time.Time {
	if timeframe == bars.Minute {
		return time.Unix(min(max(bound, earliest.Unix()), latest.Unix()), 0).UTC()
	}
	day := min(max(bound, earliest.Unix()/secondsPerDay), latest.Unix()/secondsPerDay)
	if last {
		return time.Unix((day+1)*secondsPerDay-1, 0).UTC()
	}
	return time.Unix(day*secondsPerDay, 0).UTC()
}

// inUnit is a moment in the unit of the timeframe. A day is that of UTC.
func inUnit(at time.Time, timeframe bars.Timeframe) int64 {
	seconds := at.Unix()
	if timeframe == bars.Minute {
		return seconds
	}
	return floorDiv(seconds, secondsPerDay)
}

// batch is the symbols of one question, by canonical spelling.
type batch []string

// web runs batches against one HTTP provider.
type web struct {
	client *client
	// atOnce bounds the batches under way.
	atOnce int
	// fetch asks for a batch and gives each of its symbols once. Its error ends the whole fetch.
	fetch func(ctx context.Context, asked batch, request Request, give give) error
}

// give takes what was found for symbols, by canonical spelling, or the one reason why nothing was.
type give = func(symbols batch, found map[string]*bars.Series, fault *failure) error

// run asks batch by batch. When the provider refuses in a way that concerns every symbol, those
// that are left are not asked for.
func (w web) run(ctx context.Context, request Request, asked map[string]string, batches []batch, take Take) error {
	defer w.client.http.CloseIdleConnections()
	var over atomic.Pointer[failure]
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(w.atOnce)
	for _, symbols := range batches {
		if running.Err() != nil {
			break
		}
		group.Go(func() error {
			give := func(symbols batch, found map[string]*bars.Series, fault *failure) error {
				if fault != nil && fault.general() {
					over.Store(fault)
				}
				return w.hand(running, request, asked, symbols, found, fault, take)
			}
			if fault := over.Load(); fault != nil {
				return give(symbols, nil, fault)
			}
			return w.fetch(running, symbols, request, give)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (w web) hand(ctx context.Context, request Request, asked map[string]string, symbols batch,
	found map[string]*bars.Series, fault *failure, take Take,
) error {
	for _, spelling := range symbols {
		if err := ctx.Err(); err != nil {
			return err
		}
		series, reason := found[spelling], ""
		switch {
		case fault != nil:
			reason = fault.reason
		case series == nil || len(series.Time) == 0:
			reason = fmt.Sprintf("%s: there are no bars in the range asked for", w.client.name)
		default:
			series.Symbol, series.Timeframe = asked[spelling], request.Timeframe
			if err := take(series, nil); err != nil {
				return err
			}
			continue
		}
		if err := take(nil, &bars.Error{Symbol: asked[spelling], Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}
