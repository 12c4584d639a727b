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
	"github.com/claimbench/claimbench/internal/rejudge"
)

// The page shows verdicts of the rounds that were made, once a round is over.
func TestVerdictsSoFar(t *testing.T) {
	study := faster()
	l := shown(t, study.Plan())
	defer func() { _ = l.Close() }()
	dir := study.Write(t)
	standing := &live.Standing{Live: l, Judge: func() (int, *bench.Verdicts, error) {
		r, err := rejudge.Open(dir)
		return 3, r.Verdicts, err
	}}
	standing.Began(bench.Trial{N: 1, Round: 1})
	standing.Began(bench.Trial{N: 4, Round: 2})
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

// shown returns a run whose page this program serves.
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
