// Package cpuset names sets of CPUs and pins threads and processes to them. Pinning works on Linux
// only: on other systems PinSelf returns an error, and Allowed returns all CPUs.
package cpuset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Set is a sorted list of CPU numbers, without duplicates. Nil is the empty set.
type Set []int

// largest is the largest CPU number that Parse accepts.
const largest = 4095

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
		if errA != nil || errB != nil || a < 0 || b < a || b > largest {
			return nil, fmt.Errorf("%q is not a list of CPUs such as 0-3,8", text)
		}
		for cpu := a; cpu <= b; cpu++ {
			set = append(set, cpu)
		}
	}
	slices.Sort(set)
	return slices.Compact(set), nil
}

// String returns the kernel's list form: "0-3,8".
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

// Split gives the load generator the first half of the cores and the servers the rest. They get
// whole cores, so that they share no hardware. If there is only one core, Split divides its
// hardware threads and reports shared. If there is only one CPU, both sets are empty.
func Split(cores []Set) (generator, servers Set, shared bool) {
	if len(cores) == 1 && len(cores[0]) > 1 {
		half := len(cores[0]) / 2
		return cores[0][:half], cores[0][half:], true
	}
	if len(cores) < 2 {
		return nil, nil, false
	}
	half := len(cores) / 2
	generator, servers = slices.Concat(cores[:half]...), slices.Concat(cores[half:]...)
	slices.Sort(generator)
	slices.Sort(servers)
	return generator, servers, false
}

// group divides the set into cores. The function siblings returns the CPUs that share a core with a
// CPU; a CPU without siblings is one core.
func (s Set) group(siblings func(cpu int) Set) []Set {
	var cores []Set
	seen := map[int]bool{}
	for _, cpu := range s {
		if seen[cpu] {
			continue
		}
		core := Set{cpu}
		for _, other := range siblings(cpu) {
			if other != cpu && slices.Contains(s, other) {
				core = append(core, other)
			}
		}
		for _, member := range core {
			seen[member] = true
		}
		slices.Sort(core)
		cores = append(cores, core)
	}
	return cores
}
