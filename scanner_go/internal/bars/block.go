package bars

// Lanes is how many symbols a block interleaves.
const Lanes = 8

// Block is the daily bars of up to eight symbols, interleaved: value (row, lane) of a column
// stands at row*Lanes + lane. Row 0 is the first bar of each lane; a lane that is shorter than
// the block is filled with zeros behind its end. A block never changes.
type Block struct {
	// Symbols by lane; an empty name is a lane without bars.
	Symbols [Lanes]string
	// Lengths are the bars of each lane.
	Lengths [Lanes]int
	// Rows is the length of the longest lane.
	Rows int
	// Day is in days since 1970-01-01, Volume in shares.
	Day    []int32
	Volume []float64
	// Ticks are the prices in 1/TicksPerUnit USD where all of them are exact there, else nil and
	// Floats are the prices in USD.
	Ticks  *Prices[int32]
	Floats *Prices[float64]
}

// Prices are the price columns of a block.
type Prices[T int32 | float64] struct {
	Open, High, Low, Close []T
}
