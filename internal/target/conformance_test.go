package target

import (
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

// compared returns the problems of the arms a, b, … that gave the answers in this order.
func compared(answers ...answer) map[bench.Cell]string {
	b := ballots{}
	for i, a := range answers {
		e := expectation{Task: bench.Task{Workload: bench.Workload{Path: "/x"}}, cell: bench.Cell{Arm: string(rune('a' + i))}}
		b.add(e, a)
	}
	c := newConformance()
	c.compare(b)
	return c.Problems
}

func TestTheMostFrequentAnswerIsAgreed(t *testing.T) {
	one, two := answer{body: "1"}, answer{body: "2"}
	for _, c := range []struct {
		name    string
		answers []answer
		outlier string
	}{
		{"majority", []answer{one, two, two}, "a"},
		{"tie: the first arm by name decides", []answer{one, two}, "b"},
		{"headers count, too", []answer{{"Etag", "1"}, one, one}, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := compared(c.answers...)
			if len(problems) != 1 || problems[bench.Cell{Arm: c.outlier}] == "" {
				t.Errorf("problems are %v, want one of arm %s", problems, c.outlier)
			}
		})
	}
}

func TestDifferencesAreQuotedSafely(t *testing.T) {
	problems := compared(answer{body: "\x1b[2J"}, answer{body: "ok"}, answer{body: "ok"})
	if got := problems[bench.Cell{Arm: "a"}]; strings.Contains(got, "\x1b") || !strings.Contains(got, "at byte 0") {
		t.Errorf("the problem is %q", got)
	}
}
