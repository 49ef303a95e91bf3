package kernel

// scalar is the kernel in plain Go: what every other one must equal. Its products are rounded
// before they are added (the conversions say so), so that all processors agree. It goes over the
// rows in short loops, whose few values stay in registers.
func scalar[P Price](rows *Rows[P], state *State, rules *Rules, words Words) {
	clear(words)
	n := len(rows.Close) / lanes
	var tracks [2]track
	for lane := 0; lane < lanes; lane += 2 {
		before := [2]uint32{state.sides(rules, lane), state.sides(rules, lane+1)}
		if words == nil {
			smooth(rows, state, rules, lane, n, nil)
			advance(rows, state, lane, n)
			advance(rows, state, lane+1, n)
			continue
		}
		smooth(rows, state, rules, lane, n, &tracks)
		for i := range tracks {
			slide(rows, state, lane+i, n, &tracks[i])
			decide(rows, rules, lane+i, n, &tracks[i], before[i], words[lane/half:])
		}
	}
}

// track is what the averages of one lane were on each row, and the trend before it.
type track struct {
	gain, loss, spread [ChunkRows]float64
	trend              [ChunkRows]uint32
}

// smooth moves Wilder's averages along, of two lanes at once: neither waits for the other.
func smooth[P Price](rows *Rows[P], state *State, rules *Rules, lane, n int, tracks *[2]track) {
	a, b := state.wilder(lane), state.wilder(lane+1)
	lastA, lastB := P(state.Close[lane]), P(state.Close[lane+1])
	smoothing, least := rules.of(smoothingOf), rules.of(leastRangeOf)
	closes, highs, lows := rows.Close[:n*lanes], rows.High[:n*lanes], rows.Low[:n*lanes]
	for row := range n {
		at := row*lanes + lane
		closeA, closeB := closes[at], closes[at+1]
		a.change(float64(max(closeA-lastA, 0)), float64(max(lastA-closeA, 0)))
		b.change(float64(max(closeB-lastB, 0)), float64(max(lastB-closeB, 0)))
		a.widen(float64(max(highs[at], lastA)-min(lows[at], lastA)), least, smoothing)
		b.widen(float64(max(highs[at+1], lastB)-min(lows[at+1], lastB)), least, smoothing)
		lastA, lastB = closeA, closeB
		if tracks != nil {
			tracks[0].note(row, a)
			tracks[1].note(row, b)
		}
	}
	state.set(lane, float64(lastA), a)
	state.set(lane+1, float64(lastB), b)
}

// wilder are Wilder's three averages of a lane.
type wilder struct{ gain, loss, spread float64 }

func (w *wilder) change(up, down float64) {
	w.gain = float64(w.gain*keep) + up
	w.loss = float64(w.loss*keep) + down
}

func (w *wilder) widen(trueRange, least, smoothing float64) {
	if trueRange < least {
		trueRange = least
	}
	w.spread = float64(w.spread*smoothing) + trueRange
}

func (t *track) note(row int, w wilder) {
	row &= ChunkRows - 1
	t.gain[row], t.loss[row], t.spread[row] = w.gain, w.loss, w.spread
}

func (s *State) wilder(lane int) wilder { return wilder{s.Gain[lane], s.Loss[lane], s.Range[lane]} }

func (s *State) set(lane int, last float64, w wilder) {
	s.Close[lane], s.Gain[lane], s.Loss[lane], s.Range[lane] = last, w.gain, w.loss, w.spread
}

// slide moves the sums of closes along and notes the trend before each row, in the bits where
// decide wants it.
func slide[P Price](rows *Rows[P], state *State, lane, n int, track *track) {
	if closes, isTicks := any(rows.Close).([]int32); isTicks {
		slideTicks(closes, any(rows.OldFast).([]int32), any(rows.OldSlow).([]int32), state, lane, n, track)
		return
	}
	fast, slow := state.Fast[lane], state.Slow[lane]
	fastLost, slowLost := state.FastLost[lane], state.SlowLost[lane]
	closes, oldFasts, oldSlows := rows.Close[:n*lanes], rows.OldFast[:n*lanes], rows.OldSlow[:n*lanes]
	for row := range n {
		at := row*lanes + lane
		if track != nil {
			trend := (slowByFast*fast - slow) + (slowByFast*fastLost - slowLost)
			track.trend[row&(ChunkRows-1)] = when(trend > 0)<<8 | when(trend < 0)<<12
		}
		fast, fastLost = swap(fast, fastLost, float64(closes[at]), float64(oldFasts[at]))
		slow, slowLost = swap(slow, slowLost, float64(closes[at]), float64(oldSlows[at]))
	}
	state.Fast[lane], state.Slow[lane] = fast, slow
	state.FastLost[lane], state.SlowLost[lane] = fastLost, slowLost
}

// slideTicks is slide over whole numbers, whose sign is a bit.
func slideTicks(closes, oldFasts, oldSlows []int32, state *State, lane, n int, track *track) {
	fast, slow := int64(state.Fast[lane]), int64(state.Slow[lane])
	closes, oldFasts, oldSlows = closes[:n*lanes], oldFasts[:n*lanes], oldSlows[:n*lanes]
	for row := range n {
		at := row*lanes + lane
		trend := slowByFast*fast - slow
		track.trend[row&(ChunkRows-1)] = uint32(uint64(-trend)>>63<<8 | uint64(trend)>>63<<12)
		fast += int64(closes[at] - oldFasts[at])
		slow += int64(closes[at] - oldSlows[at])
	}
	state.Fast[lane], state.Slow[lane] = float64(fast), float64(slow)
}

// advance moves the sums of closes along where nobody asks for the rows between.
func advance[P Price](rows *Rows[P], state *State, lane, n int) {
	closes, isTicks := any(rows.Close).([]int32)
	if !isTicks {
		slide(rows, state, lane, n, nil)
		return
	}
	for _, sum := range []struct {
		of     *float64
		oldest any
		length int
	}{{&state.Fast[lane], rows.OldFast, Fast}, {&state.Slow[lane], rows.OldSlow, Slow}} {
		newest, oldest := ends(closes, sum.oldest.([]int32), n, sum.length)
		for at := lane; at < len(newest); at += lanes {
			*sum.of += float64(newest[at] - oldest[at])
		}
	}
}

// ends are the closes that n rows leave in a sum of length bars, and those that they take out of
// it: what enters and leaves in between adds up to nothing, exactly so over ticks.
func ends(closes, oldest []int32, n, length int) (in, out []int32) {
	few := min(n, length) * lanes
	return closes[n*lanes-few : n*lanes], oldest[:few]
}

// sides are the sides of their thresholds on which the RSI stands: below bull's, above bear's.
func (s *State) sides(rules *Rules, lane int) uint32 {
	return when(s.Gain[lane] < rules.of(bullRSIOf)*s.Loss[lane])<<8 |
		when(s.Gain[lane] > rules.of(bearRSIOf)*s.Loss[lane])<<12
}

// decide writes the decisions of one lane; before is on which sides the RSI stood.
func decide[P Price](rows *Rows[P], rules *Rules, lane, n int, track *track, before uint32, words Words) {
	highRatio, lowRatio := rules.of(highRatioOf), rules.of(lowRatioOf)
	highRSI, lowRSI := rules.of(highRSIOf), rules.of(lowRSIOf)
	bullRSI, bearRSI := rules.of(bullRSIOf), rules.of(bearRSIOf)
	both := uint32(3) << shift(lane)
	closes, bases := rows.Close[:n*lanes], rows.Base[:n*lanes]
	for row := range n {
		at := row*lanes + lane
		height := float64(closes[at] - bases[at])
		gain, loss := track.gain[row&(ChunkRows-1)], track.loss[row&(ChunkRows-1)]
		spread := track.spread[row&(ChunkRows-1)]
		bull, bear := bullRSI*loss, bearRSI*loss
		signals := when(height > highRatio*spread)&when(gain > highRSI*loss) |
			when(height < lowRatio*spread)&when(gain < lowRSI*loss)<<4 |
			before&track.trend[row&(ChunkRows-1)]&(when(gain > bull)<<8|when(gain < bear)<<12)
		before = when(gain < bull)<<8 | when(gain > bear)<<12
		words[2*row] |= signals * both
	}
}

// when is 1 for true, without a branch.
func when(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// swap puts the newest close into a sum and takes the oldest out; what rounding takes goes to
// lost, by the two-sum of Knuth, The Art of Computer Programming 2, 4.2.2.
func swap(sum, lost, newest, oldest float64) (slid, stillLost float64) {
	sum, wrong := twoSum(sum, newest)
	lost += wrong
	sum, wrong = twoSum(sum, -oldest)
	return sum, lost + wrong
}

func twoSum(a, b float64) (sum, wrong float64) {
	sum = a + b
	part := sum - a
	return sum, (a - (sum - part)) + (b - part)
}
