package session

import (
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/runner"
)

// observers passes everything on to several observers.
type observers []runner.Observer

func (o observers) Doing(what string) {
	for _, each := range o {
		each.Doing(what)
	}
}

func (o observers) Began(t bench.Trial) {
	for _, each := range o {
		each.Began(t)
	}
}

func (o observers) Hit(t bench.Trial, phase bench.PhaseID, h bench.Hit) {
	for _, each := range o {
		each.Hit(t, phase, h)
	}
}

func (o observers) Used(t bench.Trial, u bench.Usage) {
	for _, each := range o {
		each.Used(t, u)
	}
}

func (o observers) Ended(r bench.TrialResult) {
	for _, each := range o {
		each.Ended(r)
	}
}

func (o observers) Looked(round int, found string) {
	for _, each := range o {
		each.Looked(round, found)
	}
}
