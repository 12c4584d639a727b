package compare

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// nightly returns nights of one number that scatters about a mean.
func nightly(n int, seed uint64, sd float64, mean func(night int) float64) []Night {
	random := rand.New(rand.NewPCG(seed, 1))
	var nights []Night
	for i := range n {
		value := Value{Metric: "p50", Log: mean(i) + sd*random.NormFloat64()}
		nights = append(nights, Night{
			Schema: 1,
			Class:  "class",
			Time:   time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC),
			Values: map[string]Value{"json/a p50 at 500/s": value},
		})
	}
	return nights
}

func flat(int) float64 { return 0 }

func follow(t *testing.T, nights []Night, baseline int) *Trend {
	t.Helper()
	trend, err := Follow(nights, baseline)
	if err != nil {
		t.Fatal(err)
	}
	return trend
}

// A step is found, with its night. Without a step, no look in a year finds one.
func TestFollow(t *testing.T) {
	step := func(night int) float64 {
		if night >= 20 {
			return math.Log(1.3)
		}
		return 0
	}
	s := follow(t, nightly(40, 1, .03, step), 10).Series[0]
	night21 := time.Date(2026, 1, 21, 0, 0, 0, 0, time.UTC)
	if len(s.Breaks) != 1 || s.Breaks[0].Sub(night21).Abs() > 24*time.Hour {
		t.Errorf("breaks are %v", s.Breaks)
	}
	// The nights after the baseline are of both sorts; a baseline that ends at the step parts them.
	if s := follow(t, nightly(40, 1, .03, step), 20).Series[0]; s.Word != Worse {
		t.Errorf("after the step: %+v", s)
	}
	if s := follow(t, nightly(40, 2, .01, flat), 10).Series[0]; s.Word != Equal || len(s.Breaks) > 0 {
		t.Errorf("no step: %+v", s)
	}
	if s := follow(t, nightly(8, 2, .01, flat), 10).Series[0]; s.Word != Inconclusive {
		t.Errorf("too few nights: %+v", s)
	}
	// The nights are as older versions wrote them, without the parts of the name.
	if s.Title != s.Name {
		t.Errorf("the title is %q, want the name %q", s.Title, s.Name)
	}
}

// Nights of another class, void nights, and nights of a changed machine are left out with a warning.
func TestFollowLeavesOut(t *testing.T) {
	nights := nightly(12, 2, .01, flat)
	for i := range nights {
		nights[i].Capacity = 50_000
	}
	nights[9].Capacity = 40_000
	nights[3].Class = "another"
	nights[4].Void = []string{"no control"}
	trend := follow(t, nights, 4)
	if trend.Nights != 9 {
		t.Errorf("%d nights, want 9", trend.Nights)
	}
	if len(trend.Warnings) != 3 {
		t.Errorf("warnings are %q, want 3", trend.Warnings)
	}
}

// alarmed reports whether a look at some night calls the number changed.
func alarmed(t *testing.T, nights []Night) bool {
	t.Helper()
	for n := 12; n <= len(nights); n++ {
		if word := follow(t, nights[:n], 10).Series[0].Word; word == Better || word == Worse {
			return true
		}
	}
	return false
}

// The figures in the comments: how rare false alarms are, and what is found.
func TestAlarmsOfFollow(t *testing.T) {
	const series, sd = 400, .08
	step := func(n int) float64 { return float64(n/30) * 3 * sd }
	alarms, breaks, found := 0, 0, 0
	for seed := range uint64(series) {
		nights := nightly(60, seed, sd, flat)
		if alarmed(t, nights) {
			alarms++
		}
		breaks += len(follow(t, nights, 10).Series[0].Breaks)
		if len(follow(t, nightly(60, seed, sd, step), 10).Series[0].Breaks) > 0 {
			found++
		}
	}
	t.Logf("of %d series of 60 nights: %d alarms, looked at every night; %d false breaks; "+
		"%d steps of three standard deviations found", series, alarms, breaks, found)
	if alarms > series/20 {
		t.Errorf("%d alarms", alarms)
	}
	if breaks > series/50 {
		t.Errorf("%d false breaks", breaks)
	}
	if found < series*95/100 {
		t.Errorf("%d of %d steps found", found, series)
	}
}

// The mean of many quiet nights hides a late change. "Practically equal" must not be said across it.
func TestFollowIsNeverEqualAcrossAChange(t *testing.T) {
	for seed := range uint64(20) {
		fall := func(night int) float64 {
			if night >= 60 {
				return math.Log(1.2)
			}
			return 0
		}
		for _, nights := range []int{65, 70, 80, 100} {
			s := follow(t, nightly(nights, seed, .02, fall), 10).Series[0]
			if s.Word == Equal {
				t.Errorf("after %d nights, with a step of 1.2 at night 60, it is %s", nights, s.Word)
			}
			if s.Word == Inconclusive && s.Why == "" {
				t.Errorf("after %d nights there is no reason", nights)
			}
		}
	}
}
