// Package cpuset names sets of CPUs and pins threads and processes to them.
// Pinning works on Linux; elsewhere Allowed tells how many CPUs there are and
// Pin returns an error that says so.
package cpuset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Set is an ordered list of CPU numbers.
type Set []int

// Parse reads the kernel's list form: "0", "0-3,8". An empty text is an empty set.
func Parse(text string) (Set, error) {
	var set Set
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		if part == "" {
			continue
		}
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.Atoi(first)
		b, errB := strconv.Atoi(last)
		if errA != nil || errB != nil || a < 0 || b < a || b > 4095 {
			return nil, fmt.Errorf("%q is no list of CPUs such as 0-3,8", text)
		}
		for cpu := a; cpu <= b; cpu++ {
			set = append(set, cpu)
		}
	}
	slices.Sort(set)
	return slices.Compact(set), nil
}

// String is the kernel's list form.
func (s Set) String() string {
	var parts []string
	for i := 0; i < len(s); {
		j := i
		for j+1 < len(s) && s[j+1] == s[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, strconv.Itoa(s[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", s[i], s[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// Split gives the generator the first half of the set and the target the rest.
// With fewer than two CPUs both are empty: nothing can be pinned apart.
func (s Set) Split() (generator, target Set) {
	if len(s) < 2 {
		return nil, nil
	}
	half := len(s) / 2
	return s[:half], s[half:]
}
