package plan

import (
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// Pair names the two servers that a test compares. To is empty for a bound test.
type Pair struct {
	Of, To string // names in the catalogue
	Tier   string // empty if the two are of different tiers
}

// Pairs returns the pairs that a test compares among the servers, sorted by tier and name. A test that names
// runtimes compares like with like: it gets one pair for each tier. A test that names servers gets just these two.
func Pairs(t bench.Test, targets []bench.Target) []Pair {
	side := func(name string) (found []bench.Target) {
		for _, target := range targets {
			inTier := len(t.Tiers) == 0 || slices.Contains(t.Tiers, target.Tier)
			if target.Name == name || target.Runtime == name && inTier && target.Production() {
				found = append(found, target)
			}
		}
		return found
	}
	var pairs []Pair
	for _, of := range side(t.Of) {
		if t.Bound() {
			pairs = append(pairs, Pair{Of: of.Name, Tier: of.Tier})
			continue
		}
		for _, to := range side(t.To) {
			switch {
			case of.Tier == to.Tier:
				pairs = append(pairs, Pair{of.Name, to.Name, of.Tier})
			case of.Name == t.Of && to.Name == t.To:
				pairs = append(pairs, Pair{Of: of.Name, To: to.Name})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b Pair) int {
		return strings.Compare(a.Tier+"\x00"+a.Of+"\x00"+a.To, b.Tier+"\x00"+b.Of+"\x00"+b.To)
	})
	return pairs
}
