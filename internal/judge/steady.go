package judge

import (
	"math"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// The steady state of a phase is its last segment, if that covers half of it or more. Segments are
// those of the log of the median response time in windows of 100 ms, by PELT with the
// cost of normal mean and variance and a penalty of 15 ln n, as for warm-up of virtual
// machines [Barrett et al. 2017]; neighbors whose means differ by less than 2% are one.
const (
	window       = 100 * time.Millisecond
	leastWindows = 30   // else the phase is too short to be looked at
	leastAnswers = 5    // in each window on average; else windows are joined
	sameMean     = 1.02 // ratio of segments that are one
	penaltyFold  = 15
)

// series are the response times of a phase by the window in which they were due.
type series struct {
	windows []durations
}

func (s *series) add(due, response time.Duration) {
	w := int(max(due, 0) / window)
	for w >= len(s.windows) {
		s.windows = append(s.windows, durations{})
	}
	s.windows[w].add(response)
}

// since are all from that window on.
func (s *series) since(first int) *durations {
	all, n := &durations{}, 0
	rest := s.windows[min(first, len(s.windows)):]
	for i := range rest {
		n += rest[i].len()
	}
	all.grow(n)
	for i := range rest {
		all.short = append(all.short, rest[i].short...)
		all.long = append(all.long, rest[i].long...)
	}
	return all
}

// steady looks for the steady state in the first windows, as many as are whole: what is due after them, while a
// closed loop ends, meets another load.
func (s *series) steady(whole int) bench.Steady {
	windows := s.windows[:min(whole, len(s.windows))]
	n := 0
	for i := range windows {
		n += windows[i].len()
	}
	if n == 0 {
		return bench.Steady{}
	}
	join := max((leastAnswers*len(windows)+n-1)/n, 1)
	var medians []float64
	before := 0 // windows in which nothing was due yet
	for i := 0; i+join <= len(windows); i += join {
		var joined durations
		for _, w := range windows[i : i+join] {
			joined.short, joined.long = append(joined.short, w.short...), append(joined.long, w.long...)
		}
		if joined.len() == 0 { // nothing was due: the server did not answer what came before
			if len(medians) > 0 {
				medians = append(medians, medians[len(medians)-1])
			} else {
				before += join
			}
			continue
		}
		joined.sort()
		medians = append(medians, math.Log(max(joined.quantile(.5), 1).Seconds()))
	}
	if len(medians) < leastWindows {
		return bench.Steady{}
	}
	begins := inference.Segments(medians, penaltyFold*math.Log(float64(len(medians))), 2, math.Log(sameMean)/10)
	last := lastSegment(medians, begins)
	steady := bench.Steady{Windows: len(medians), Share: float64(len(medians)-last) / float64(len(medians))}
	if last > 0 {
		steady.From = time.Duration(before+last*join) * window
	}
	return steady
}

// lastSegment is where the last segment begins, with all before it whose means differ from their
// neighbour's by less than what matters.
func lastSegment(x []float64, begins []int) int {
	mean := func(from, to int) (sum float64) {
		for _, v := range x[from:to] {
			sum += v / float64(to-from)
		}
		return sum
	}
	i, end := len(begins)-1, len(x)
	for i > 0 && math.Abs(mean(begins[i], end)-mean(begins[i-1], begins[i])) < math.Log(sameMean) {
		end = begins[i]
		i--
	}
	return begins[i]
}
