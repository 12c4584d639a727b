package runner

import (
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// pace learns how long trials take, so that a budget is kept.
type pace struct {
	arms           map[string]time.Duration // as last seen
	planned, taken time.Duration            // of all that were seen
}

// overhead is about how long a trial takes in addition to its phases: launch, check, stop.
const overhead = time.Second

// Takes estimates how long a trial takes.
func Takes(t bench.Trial) time.Duration {
	return t.Duration() + overhead*time.Duration(1+t.Launches)
}

// expect estimates how long the trial will take: as its arm took last or, for a new arm, as planned, in
// proportion to the other trials so far.
func (p *pace) expect(t bench.Trial) time.Duration {
	if d, ok := p.arms[t.Arm()]; ok {
		return d
	}
	if p.planned == 0 {
		return Takes(t)
	}
	return time.Duration(float64(Takes(t)) * float64(p.taken) / float64(p.planned))
}

func (p *pace) took(t bench.Trial, d time.Duration) {
	if p.arms == nil {
		p.arms = map[string]time.Duration{}
	}
	p.arms[t.Arm()] = d
	p.planned += Takes(t)
	p.taken += d
}
