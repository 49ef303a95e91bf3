package scan

import (
	"math"

	"vst/scanner/internal/bars"
)

// reference answers a job over one series the slow and plain way: each indicator by its formula,
// each rule as SPEC 3 has it.
func reference(s *bars.Series, j *Job) (days []int32, strategies []uint8, values []Values) {
	n := len(s.Time)
	atr, rsi := smoothed(s)
	fast, slow := average(s.Close, 50), average(s.Close, 200)
	from, to := 0, n
	for from < n && s.Day(from) < j.StartDay {
		from++
	}
	for to > from && s.Day(to-1) > j.EndDay {
		to--
	}
	if j.LastBarOnly {
		from = max(from, to-1)
	}
	p := j.Parameters
	for i := from; i < to; i++ {
		base := 0.0
		if p.RangeLow {
			base = math.NaN()
			if i+1 >= p.BaseLookback {
				base = s.Low[i]
				for k := i + 1 - p.BaseLookback; k < i; k++ {
					base = min(base, s.Low[k])
				}
			}
		}
		ratio := (s.Close[i] - base) / atr[i]
		var found uint8
		if ratio > p.HighBaseMaxATRRatio && rsi[i] > p.HighBaseMinRSI {
			found |= highBase
		}
		if ratio < p.LowBaseMinATRRatio && rsi[i] < p.LowBaseMaxRSI {
			found |= lowBase
		}
		if i > 0 && fast[i-1]-slow[i-1] > 1e-9 && rsi[i-1] < p.BullPullbackRSI && rsi[i] > p.BullPullbackRSI {
			found |= bullPullback
		}
		if i > 0 && slow[i-1]-fast[i-1] > 1e-9 && rsi[i-1] > p.BearRallyRSI && rsi[i] < p.BearRallyRSI {
			found |= bearRally
		}
		if found &= j.Strategies; found != 0 {
			days, strategies = append(days, s.Day(i)), append(strategies, found)
			if j.Values {
				values = append(values, Values{s.Close[i], atr[i], rsi[i], fast[i], slow[i]})
			}
		}
	}
	return days, strategies, values
}

func smoothed(s *bars.Series) (atr, rsi []float64) {
	n := len(s.Time)
	atr, rsi = none(n), none(n)
	if n < 15 {
		return atr, rsi
	}
	gain, loss, sum := 0.0, 0.0, 0.0
	for i := range n {
		trueRange := s.High[i] - s.Low[i]
		if i > 0 {
			change := s.Close[i] - s.Close[i-1]
			up, down := max(change, 0), max(-change, 0)
			if i == 1 {
				gain, loss = up, down
			} else {
				gain, loss = gain+(up-gain)/14, loss+(down-loss)/14
			}
			rsi[i] = 100 * gain / (gain + loss)
			trueRange = max(s.High[i], s.Close[i-1]) - min(s.Low[i], s.Close[i-1])
		}
		switch {
		case i < 13:
			sum += trueRange
		case i == 13:
			atr[i] = (sum + trueRange) / 14
		default:
			atr[i] = atr[i-1] + (trueRange-atr[i-1])/14
		}
	}
	return atr, rsi
}

func average(values []float64, length int) []float64 {
	means := none(len(values))
	for i := length - 1; i < len(values); i++ {
		sum := 0.0
		for _, value := range values[i-length+1 : i+1] {
			sum += value
		}
		means[i] = sum / float64(length)
	}
	return means
}

func none(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}
