package session

import (
	"errors"
	"os"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/rejudge"
)

// Serve starts to serve the live page of the run on the address.
func (s *Session) Serve(address string) (*live.Live, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, s.Abort(err)
	}
	cpus, err := cpuset.Parse(s.Plan.CPUs.Generator)
	if err != nil {
		return nil, s.Abort(err)
	}
	l, err := live.Start(address, program, cpus, s.Plan)
	if errors.Is(err, live.ErrListen) {
		err = advice.BadInput("choose another address for --listen; a port without a host binds to loopback", "%w", err)
	}
	if err != nil {
		return nil, s.Abort(err)
	}
	s.page = &live.Standing{Live: l, Judge: s.standing}
	return l, nil
}

// standing judges the rounds so far, for the page.
func (s *Session) standing() (round int, v *bench.Verdicts, err error) {
	r, err := rejudge.Open(s.Dir())
	if err != nil {
		return 0, nil, err
	}
	return lastRound(r.Run), r.Verdicts, nil
}
