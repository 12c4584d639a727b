package judge

import (
	"math"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// The steady state of a phase is its last segment, if that covers half of the phase or more. Segments are
// those of the log of the median response time in windows of 100 ms. PELT finds them, with the cost of normal
// mean and variance and a penalty of 15 ln n, as for the warm-up of virtual machines [Barrett et al. 2017].
// Neighbors whose means differ by less than 2% are one segment.
const (
	window       = 100 * time.Millisecond
	leastWindows = 30   // with fewer, the phase is too short to be examined
	leastAnswers = 5    // per window on average; with fewer, windows are joined
	sameMean     = 1.02 // largest ratio of two segments that are one
	penaltyFold  = 15
)

// series holds the response times of a phase, by the window in which they were due.
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

// since returns all response times from that window on.
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

// steady finds the steady state in the first windows, as many as are whole. Requests that are due later, while a
// closed loop ends, meet another load.
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
	before := 0 // windows before the first that has a request
	for i := 0; i+join <= len(windows); i += join {
		var joined durations
		for _, w := range windows[i : i+join] {
			joined.short, joined.long = append(joined.short, w.short...), append(joined.long, w.long...)
		}
		if joined.len() == 0 { // nothing was due: the server had not answered earlier requests
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
	starts := inference.Segments(medians, penaltyFold*math.Log(float64(len(medians))), 2, math.Log(sameMean)/10)
	last := lastSegment(medians, starts)
	steady := bench.Steady{Windows: len(medians), Share: float64(len(medians)-last) / float64(len(medians))}
	if last > 0 {
		steady.From = time.Duration(before+last*join) * window
	}
	return steady
}

// lastSegment returns the start of the last segment. It includes earlier segments whose means differ from their
// neighbor's by less than matters.
func lastSegment(x []float64, starts []int) int {
	mean := func(from, to int) (sum float64) {
		for _, v := range x[from:to] {
			sum += v / float64(to-from)
		}
		return sum
	}
	i, end := len(starts)-1, len(x)
	for i > 0 && math.Abs(mean(starts[i], end)-mean(starts[i-1], starts[i])) < math.Log(sameMean) {
		end = starts[i]
		i--
	}
	return starts[i]
}
