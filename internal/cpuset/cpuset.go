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

// Split gives the generator the first half of the cores and the servers the
// rest, in whole cores, so that the two share no hardware. Where there is a
// single core, its hardware threads are split, and shared says so. With a single
// CPU both are empty: nothing can be pinned apart.
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

// group puts the CPUs of the set that siblings names together; a CPU that it
// does not know is a core of its own.
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
