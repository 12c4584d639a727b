package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/runner"
	"github.com/claimbench/claimbench/internal/target"
)

// judging is the part of a budget that is kept for stopping, judging and writing the reports.
const judging = 4 * time.Second

// closingTimeout is the most that a launcher may take to clean up.
const closingTimeout = 30 * time.Second

// Budget is the time that a session may take. The zero value sets no limit.
type Budget struct {
	Total   time.Duration
	Started time.Time // when the time started to count
}

// deadline returns when to stop measuring; zero for never.
func (b Budget) deadline() time.Time {
	if b.Total <= 0 {
		return time.Time{}
	}
	return b.Started.Add(b.Total - judging)
}

// Measure makes the trials that no session has made yet. Within a budget it stops in time to judge
// what it has. The error of a session that could not go on comes from Abort.
func (s *Session) Measure(ctx context.Context, budget Budget, progress runner.Observer) error {
	start := record.Entry{Event: record.EventBegin}
	if budget.Total > 0 {
		start.Budget = budget.Total.String()
	}
	if err := s.writer.Journal(start); err != nil {
		return err
	}
	err := s.measure(ctx, budget, progress)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(errors.New("interrupted; all servers were stopped"),
			s.writer.Journal(record.Entry{Event: record.EventInterrupted}))
	}
	if err != nil {
		return s.Abort(err)
	}
	return nil
}

func (s *Session) measure(ctx context.Context, budget Budget, progress runner.Observer) (err error) {
	c := &runner.Conductor{
		Plan:     s.Plan,
		Writer:   s.writer,
		Observer: progress,
		Look:     s.look,
		Earlier:  s.earlier,
		Deadline: budget.deadline(),
	}
	if s.page != nil {
		c.Observer = observers{progress, s.page}
	}
	if c.Certify, err = certifier(s.Plan); err != nil {
		return err
	}
	if c.Launcher, err = s.launcher(ctx); err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTimeout)
		defer cancel()
		if closed := c.Launcher.Close(closing); err == nil {
			err = closed
		}
	}()
	return c.Run(ctx)
}

// look judges the rounds so far, and returns what needs more rounds.
func (s *Session) look(int) (map[bench.Cell]bool, []string, error) {
	r, err := record.Open(s.Dir())
	if err != nil {
		return nil, nil, err
	}
	return judge.NeedsRounds(r)
}

func (s *Session) launcher(ctx context.Context) (bench.Launcher, error) {
	if s.Plan.Runner == "docker" {
		return target.NewDocker(ctx, s.root, Label(s.Dir()))
	}
	return &target.Process{Root: s.root}, nil
}

// Label names the run of a folder among all that a Docker engine may run at once.
func Label(dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:6])
}
