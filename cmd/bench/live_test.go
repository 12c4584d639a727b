package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/live"
)

// The page shows verdicts of the rounds that were made, once a round is over.
func TestVerdictsAsTheyStand(t *testing.T) {
	study := faster()
	plan := study.Plan()
	l, err := live.Listen("0", plan)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := &watched{Live: l, dir: study.Write(t)}
	w.Began(bench.Trial{N: 1, Round: 1})
	if page := fetch(t, l.URL()); !strings.Contains(page, "The first verdicts come after the first round.") {
		t.Error("there are verdicts before the first round is over")
	}
	w.Began(bench.Trial{N: 4, Round: 2})
	if w.took == 0 {
		t.Fatal("nothing was judged")
	}
	other := &watched{Live: l, dir: w.dir, round: 1, start: w.start, took: 1 << 40} // a run whose judging takes long
	other.Began(bench.Trial{N: 7, Round: 2})
	if other.spent != 0 {
		t.Error("judging for the page took more than its share")
	}
	l2, err := live.Listen("0", plan) // whose page is not drawn yet
	if err != nil {
		t.Fatal(err)
	}
	defer l2.Close()
	again := &watched{Live: l2, dir: w.dir}
	again.judge()
	if page := fetch(t, l2.URL()); !strings.Contains(page, `<td class="verdict v-supported">`) || !strings.Contains(page, "after round 3") {
		t.Errorf("no verdicts on\n%s", page)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
