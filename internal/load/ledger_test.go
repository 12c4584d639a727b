package load

import (
	"slices"
	"sync"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestLedgerLosesNothing(t *testing.T) {
	l := newLedger()
	var adders sync.WaitGroup
	const each, n = 3 * ledgerSize / 4, 4
	for i := range n {
		adders.Go(func() {
			for k := range each {
				l.add(bench.Hit{Seq: uint64(i*each + k)})
			}
		})
	}
	go func() {
		adders.Wait()
		l.close()
	}()
	seen := make([]bool, n*each)
	l.each(func(h bench.Hit) {
		if seen[h.Seq] {
			t.Fatalf("hit %d came twice", h.Seq)
		}
		seen[h.Seq] = true
	})
	if slices.Contains(seen, false) {
		t.Error("a hit was lost")
	}
}
