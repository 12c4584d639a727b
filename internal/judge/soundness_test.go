package judge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

// Survivors decide nothing. If more than a fifth of the rounds have no valid pair, the others may be those in which
// the server survived.
func TestSurvivors(t *testing.T) {
	for _, c := range []struct {
		name   string
		dead   int // of ten rounds
		want   bench.Verdict
		forced string
	}{
		{"a fifth died", 2, bench.Supported, ""},
		{"more than a fifth died", 3, bench.Inconclusive, bench.ForcedMissing},
		{"nearly all died", 8, bench.Inconclusive, bench.ForcedMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := recordtest.Study{
				Rounds: 10,
				Claims: [][]bench.Test{{moreNode}},
				Speed:  recordtest.Speeds(4*ms, 8*ms),
				Noise:  .02,
				Change: func(r *bench.TrialResult, _ *[]bench.Hit) {
					if r.Trial.Target == "node-a" && r.Trial.Round <= c.dead {
						r.Valid, r.Reason = false, "the server died"
					}
				},
			}
			cell := judged(t, s.Write(t)).Claims[0].Tests[0]
			if cell.Verdict != c.want {
				t.Errorf("it is %s (%s), want %s", cell.Verdict, cell.Why, c.want)
			}
			if cell.Forced != c.forced {
				t.Errorf("it is forced by %q, want %q", cell.Forced, c.forced)
			}
			if cell.Rounds != 10-c.dead {
				t.Errorf("%d rounds entered, want %d", cell.Rounds, 10-c.dead)
			}
		})
	}
}

// An evidence run is void if its twin differs from its original, or if its positive control is not detected.
func TestTwinsAndControls(t *testing.T) {
	const noControl = "the positive control was not found: "
	for _, c := range []struct {
		name   string
		change func(s *recordtest.Study)
		void   string // how a reason starts; empty if the run is not void
	}{
		{
			name:   "all is well",
			change: func(*recordtest.Study) {},
		},
		{
			name:   "the server's own share of a request is under 5%",
			change: func(s *recordtest.Study) { s.Control = 1 + .96*.25 },
		},
		{
			name:   "the twin is slower",
			change: func(s *recordtest.Study) { s.Twin = 1.3 },
			void:   "the A/A twin was decided different: ",
		},
		{
			name:   "the load generator sees too little",
			change: func(s *recordtest.Study) { s.Control = 1.1 },
			void:   noControl,
		},
		{
			name:   "the load generator sees too much",
			change: func(s *recordtest.Study) { s.Control = 1.5 },
			void:   noControl,
		},
		{
			name:   "the noise hides the control",
			change: func(s *recordtest.Study) { s.Noise = 1.5 },
			void:   noControl,
		},
		{
			name:   "there is no twin",
			change: func(s *recordtest.Study) { s.Twin = 0 },
			void:   "no A/A twin was measured",
		},
		{
			name:   "there is no control",
			change: func(s *recordtest.Study) { s.Control = 0 },
			void:   "no positive control was measured",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := recordtest.Study{
				Rounds:   10,
				Speed:    recordtest.Speeds(4*ms, 8*ms),
				Noise:    .02,
				Twin:     1,
				Control:  1.25,
				Evidence: true,
				Claims:   [][]bench.Test{{moreNode}},
			}
			c.change(&s)
			v := judged(t, s.Write(t))
			starts := func(why string) bool { return strings.HasPrefix(why, c.void) }
			switch {
			case c.void == "" && len(v.Void) > 0:
				t.Errorf("it is void because of %q", v.Void)
			case c.void != "" && !slices.ContainsFunc(v.Void, starts):
				t.Errorf("it is void because of %q, want a reason that starts with %q", v.Void, c.void)
			}
			if s.Twin != 1 || s.Noise >= 1 {
				return
			}
			if len(v.Twins) != 5 {
				t.Errorf("there are %d comparisons with the twin, want 5: %+v", len(v.Twins), v.Twins)
			}
			for _, twin := range v.Twins {
				if twin.Metric == "throughput" && twin.Verdict != bench.PracticallyEqual {
					t.Errorf("the twin is %s (%s)", twin.Verdict, twin.Why)
				}
			}
		})
	}
}

// slowStart replaces the hits by those of an open loop of four seconds. Until the given share of it is over, answers
// take longer by the factor.
func slowStart(r *bench.TrialResult, hits *[]bench.Hit, until, factor float64) {
	took := (*hits)[0].ResponseTime()
	*hits = nil
	r.Trial.Phases = slices.Clone(r.Trial.Phases)
	r.Trial.Phases[0].Schedule.Duration = bench.Duration{Duration: 4 * time.Second}
	const n = 2000
	for i := range n {
		due := time.Duration(i) * 2 * ms
		slow := took + took*time.Duration(i%7)/100
		if float64(i) < until*n {
			slow = time.Duration(float64(slow) * factor)
		}
		*hits = append(*hits, bench.Hit{Seq: uint64(i), Due: due, Sent: due, Done: due + slow, Code: 200})
	}
}

// A latency counts from the steady state on. Without a steady state in most trials, nothing is decided.
func TestSteadyState(t *testing.T) {
	for _, c := range []struct {
		name    string
		until   float64 // the share of a phase that is slow
		trials  int     // of ten, of node
		want    bench.Verdict
		forced  string
		reached bool
	}{
		{"a warm-up of a third does not count", .33, 10, bench.PracticallyEqual, "", true},
		{"one that takes two thirds is not a steady state", .66, 10, bench.Inconclusive, bench.ForcedUnsteady, false},
		{"a fifth of the trials may be without", .66, 2, bench.Inconclusive, "", false},
		{"more may not", .66, 3, bench.Inconclusive, bench.ForcedUnsteady, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := recordtest.Study{
				Rounds: 10,
				Claims: [][]bench.Test{{fasterNode}},
				Speed:  recordtest.Speeds(8*ms, 8*ms),
				Noise:  .005,
				Change: func(r *bench.TrialResult, hits *[]bench.Hit) {
					if r.Trial.Target == "node-a" && r.Trial.Round <= c.trials {
						slowStart(r, hits, c.until, 2)
					} else {
						slowStart(r, hits, 0, 1)
					}
				},
			}
			r, err := record.Open(s.Write(t))
			if err != nil {
				t.Fatal(err)
			}
			v, summaries, err := Judge(r)
			if err != nil {
				t.Fatal(err)
			}
			cell := v.Claims[0].Tests[0]
			if cell.Verdict != c.want {
				t.Errorf("it is %s (%s), want %s", cell.Verdict, cell.Why, c.want)
			}
			if cell.Forced != c.forced {
				t.Errorf("it is forced by %q, want %q", cell.Forced, c.forced)
			}
			p, _ := summaries[0].Phase(recordtest.ID("latency@500/s"))
			if !p.Steady.Examined() {
				t.Error("the phase was not examined")
			}
			if got := p.Steady.Reached(); got != c.reached {
				t.Errorf("a steady state was reached: %t, want %t (%+v)", got, c.reached, p.Steady)
			}
			if c.reached && (p.Steady.From < 1200*ms || p.Steady.From > 1400*ms) {
				t.Errorf("the steady state is from %v on, want 1.2 s to 1.4 s", p.Steady.From)
			}
		})
	}
}

// A phase that is too short, or has too few answers, is not examined.
func TestTooShortToBeSteady(t *testing.T) {
	var none, few, short series
	for i := range 60 {
		few.add(time.Duration(i)*50*ms, ms)
		short.add(time.Duration(i)*ms, ms)
	}
	for name, s := range map[string]*series{"few": &few, "short": &short, "none": &none} {
		t.Run(name, func(t *testing.T) {
			got := s.steady(len(s.windows))
			if got.Examined() {
				t.Errorf("it was examined: %+v", got)
			}
			if got.Reached() {
				t.Errorf("a steady state was reached: %+v", got)
			}
		})
	}
}
