package stream

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server that stops with the test, and returns its base URL.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// constantly returns a schedule of constant arrivals.
func constantly(rate bench.Rate, d time.Duration) bench.Schedule {
	return bench.Schedule{
		Offered:  bench.Offered{Rate: rate},
		Arrivals: bench.Constant,
		Duration: bench.Duration{Duration: d},
	}
}

// loadOf returns the load of a drive.
func loadOf(url string, w bench.Workload, s bench.Schedule) bench.Load {
	return bench.Load{URL: url, Workload: w, Schedule: s}
}

// driven makes one drive that nobody cancels.
func driven(t testing.TB, d bench.Driver, l bench.Load) ([]bench.Hit, bench.DriveStats) {
	t.Helper()
	return drivenUntil(context.Background(), t, d, l)
}

// drivenUntil makes one drive, checks what holds of every drive, and returns its hits
// by sequence number.
func drivenUntil(ctx context.Context, t testing.TB, d bench.Driver, l bench.Load) ([]bench.Hit, bench.DriveStats) {
	t.Helper()
	var hits []bench.Hit
	began := time.Now()
	stats, err := d.Drive(ctx, l, func(h bench.Hit) { hits = append(hits, h) })
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > l.Schedule.Duration.Duration+2*timeout(l.Workload)+drive.Grace+10*time.Second {
		t.Errorf("the drive took %v", took)
	}
	slices.SortFunc(hits, func(a, b bench.Hit) int { return int(a.Seq) - int(b.Seq) })
	for i, h := range hits {
		if i > 0 && hits[i-1].Seq == h.Seq {
			t.Errorf("hit %d was recorded twice", h.Seq)
		}
		if h.Sent < h.Due || h.Done < h.Sent {
			t.Errorf("hit %+v has times out of order", h)
		}
		if h.Done > stats.Elapsed {
			t.Errorf("hit %+v is after the drive's %v", h, stats.Elapsed)
		}
	}
	if uint64(len(hits)) != stats.Sent {
		t.Errorf("%d hits, %d sent", len(hits), stats.Sent)
	}
	if stats.Planned != stats.Sent+stats.Censored {
		t.Errorf("%d planned, %d sent, %d censored", stats.Planned, stats.Sent, stats.Censored)
	}
	if stats.FlightError != -1 {
		t.Errorf("the error of the mean in flight is %g, want -1", stats.FlightError)
	}
	if stats.Attackers != 1 {
		t.Errorf("%d attackers, want 1", stats.Attackers)
	}
	if stats.Start.IsZero() {
		t.Error("the drive has no start")
	}
	return hits, stats
}

// kinds counts hits by their kind of error.
func kinds(hits []bench.Hit) map[string]int {
	n := map[string]int{}
	for _, h := range hits {
		n[h.Err]++
	}
	return n
}

// want checks that the hits have the kinds of errors, in these numbers and no others.
func want(t testing.TB, hits []bench.Hit, wanted map[string]int) {
	t.Helper()
	got := kinds(hits)
	for kind, n := range wanted {
		if got[kind] != n {
			t.Errorf("%d hits of error %q, want %d (all: %v)", got[kind], kind, n, got)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("hits of errors %v, want %v", got, wanted)
	}
}
