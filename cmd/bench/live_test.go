package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/live"
)

// The page shows verdicts of the rounds that were made, once a round is over.
func TestVerdictsAsTheyStand(t *testing.T) {
	study := faster()
	plan := study.Plan()
	l := shown(t, plan)
	defer l.Close()
	w := &watched{Live: l, dir: study.Write(t)}
	w.Began(bench.Trial{N: 1, Round: 1})
	w.Began(bench.Trial{N: 4, Round: 2})
	if w.took == 0 {
		t.Fatal("nothing was judged")
	}
	other := &watched{Live: l, dir: w.dir, round: 1, start: w.start, took: 1 << 40} // a run whose judging takes long
	other.Began(bench.Trial{N: 7, Round: 2})
	if other.spent != 0 {
		t.Error("judging for the page took more than its share")
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		page := fetch(t, l.URL())
		if strings.Contains(page, `<td class="verdict v-supported">`) && strings.Contains(page, "after round 3") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no verdicts on\n%s", page)
		}
	}
}

// shown is a run whose page is served by this program.
func shown(t testing.TB, p *bench.Plan) *live.Live {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := live.Start("0", program, nil, p)
	if err != nil {
		t.Fatal(err)
	}
	return l
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
