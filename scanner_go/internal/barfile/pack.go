package barfile

import (
	"cmp"
	"math"
	"slices"

	"vst/scanner/internal/bars"
)

// Pack interleaves daily series of similar length, eight to a block, the longest first. Prices
// of a block are ticks when every price of each of its symbols is exact there; symbols with
// other prices share blocks of their own. A series without bars takes no lane. The series must
// have columns of one length and days that fit 32 bits.
func Pack(series []*bars.Series) []*bars.Block {
	var onGrid, offGrid []*bars.Series
	for _, s := range series {
		switch {
		case len(s.Time) == 0:
		case isOnGrid(s):
			onGrid = append(onGrid, s)
		default:
			offGrid = append(offGrid, s)
		}
	}
	var blocks []*bars.Block
	for lanes := range groups(onGrid) {
		block := newBlock(lanes)
		block.Ticks = pricesOf(block.Rows, lanes, toTick)
		blocks = append(blocks, block)
	}
	for lanes := range groups(offGrid) {
		block := newBlock(lanes)
		block.Floats = pricesOf(block.Rows, lanes, func(price float64) float64 { return price })
		blocks = append(blocks, block)
	}
	return blocks
}

// groups yields up to eight series each, neighbours in length.
func groups(series []*bars.Series) func(yield func([]*bars.Series) bool) {
	slices.SortStableFunc(series, func(a, b *bars.Series) int {
		return cmp.Or(cmp.Compare(len(b.Time), len(a.Time)), cmp.Compare(a.Symbol, b.Symbol))
	})
	return slices.Chunk(series, bars.Lanes)
}

func newBlock(lanes []*bars.Series) *bars.Block {
	rows := len(lanes[0].Time)
	block := &bars.Block{
		Rows:   rows,
		Day:    make([]int32, rows*bars.Lanes),
		Volume: make([]float64, rows*bars.Lanes),
	}
	for lane, s := range lanes {
		block.Symbols[lane], block.Lengths[lane] = s.Symbol, len(s.Time)
		interleave(block.Day, lane, s.Time, func(day int64) int32 { return int32(day) })
		interleave(block.Volume, lane, s.Volume, func(volume float64) float64 { return volume })
	}
	return block
}

func pricesOf[T int32 | float64](rows int, lanes []*bars.Series, convert func(float64) T) *bars.Prices[T] {
	values := func() []T { return make([]T, rows*bars.Lanes) }
	prices := &bars.Prices[T]{Open: values(), High: values(), Low: values(), Close: values()}
	for lane, s := range lanes {
		interleave(prices.Open, lane, s.Open, convert)
		interleave(prices.High, lane, s.High, convert)
		interleave(prices.Low, lane, s.Low, convert)
		interleave(prices.Close, lane, s.Close, convert)
	}
	return prices
}

func interleave[From, To any](column []To, lane int, values []From, convert func(From) To) {
	for row, value := range values {
		column[row*bars.Lanes+lane] = convert(value)
	}
}

func isOnGrid(s *bars.Series) bool {
	for _, column := range [4][]float64{s.Open, s.High, s.Low, s.Close} {
		for _, price := range column {
			// By bits, so that nothing changes on the way through the store: not a negative
			// zero either. What does not fit an int32 comes back as another number.
			if math.Float64bits(float64(toTick(price))/bars.TicksPerUnit) != math.Float64bits(price) {
				return false
			}
		}
	}
	return true
}

func toTick(price float64) int32 { return int32(price*bars.TicksPerUnit + 0.5) }
