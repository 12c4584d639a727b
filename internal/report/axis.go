package report

import "math"

// logAxis maps values onto pixels, evenly by ratio. Values outside are put on its ends.
type logAxis struct{ low, high, from, to float64 }

// newLogAxis returns an empty axis, to which include adds values.
func newLogAxis(from, to float64) logAxis {
	return logAxis{
		low:  math.Inf(1),
		from: from,
		to:   to,
	}
}

// include extends the axis to the value.
func (a *logAxis) include(v float64) { a.low, a.high = min(a.low, v), max(a.high, v) }

// pad extends the axis by factors, so that no point lies on its ends.
func (a *logAxis) pad(low, high float64) { a.low, a.high = a.low*low, a.high*high }

// at returns the pixel of a value.
func (a logAxis) at(v float64) float64 {
	v = min(max(v, a.low), a.high)
	return a.from + (math.Log(v)-math.Log(a.low))/(math.Log(a.high)-math.Log(a.low))*(a.to-a.from)
}

// ticks returns the values to mark: 1, 2 and 5 times powers of ten within the axis. It returns only powers of
// ten if there would be many, and even steps if there would be few.
func (a logAxis) ticks() []float64 {
	var all, tens []float64
	for e := math.Floor(math.Log10(a.low)); e <= math.Ceil(math.Log10(a.high)); e++ {
		for _, m := range []float64{1, 2, 5} {
			if v := m * math.Pow(10, e); v >= a.low*.999 && v <= a.high*1.001 {
				all = append(all, v)
				if m == 1 {
					tens = append(tens, v)
				}
			}
		}
	}
	switch {
	case len(all) > 9 && len(tens) >= 2:
		return tens
	case len(all) >= 3:
		return all
	}
	return a.evenTicks()
}

// evenTicks returns at least three values in even steps, as few as round steps allow.
func (a logAxis) evenTicks() (list []float64) {
	step := math.Pow(10, math.Floor(math.Log10((a.high-a.low)/3)))
	for _, m := range []float64{5, 2} { // the largest step that gives three ticks or more
		if step*m*3 <= a.high-a.low {
			step *= m
			break
		}
	}
	for v := math.Ceil(a.low/step) * step; v <= a.high; v += step {
		list = append(list, v)
	}
	return list
}
