package live

import (
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// The page shows verdicts once a round is over, unless judging takes more than its share of time.
func TestStandingJudgesBetweenRounds(t *testing.T) {
	l := shown(t, &bench.Plan{})
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	judged := 0
	judge := func() (int, *bench.Verdicts, error) {
		judged++
		time.Sleep(time.Millisecond)
		return 1, &bench.Verdicts{}, nil
	}
	s := &Standing{Live: l, Judge: judge}
	s.Began(bench.Trial{N: 1, Round: 1})
	if judged != 0 {
		t.Error("judged before the first round")
	}
	s.Began(bench.Trial{N: 4, Round: 2})
	if judged != 1 {
		t.Errorf("judged %d times after the first round, want once", judged)
	}
	if s.took == 0 {
		t.Error("the judgment took no time")
	}
	slow := &Standing{Live: l, Judge: judge, start: s.start, round: 1, took: 1000 * time.Hour}
	slow.Began(bench.Trial{N: 7, Round: 2})
	if judged != 1 {
		t.Error("judging for the page took more than its share")
	}
}
