package main

import (
	"fmt"
	"io"
	"slices"
)

// searchFiles prints every phrase that a pattern forbids, and how often each rule was
// broken. It returns whether there was none.
func searchFiles(w io.Writer, files []string) (clean bool, err error) {
	patterns, err := loadPatterns(patternData)
	if err != nil {
		return false, err
	}
	quotes, err := readQuotes()
	if err != nil {
		return false, err
	}
	var rules []string
	total, counts := 0, map[string]int{}
	for _, p := range patterns {
		if !slices.Contains(rules, p.Rule) {
			rules = append(rules, p.Rule)
		}
	}
	for _, name := range files {
		read := readerOf(name)
		if read == nil || excluded(name) {
			continue
		}
		s, err := readSource(name)
		if err != nil {
			return false, err
		}
		passages, err := read(s, quotes)
		if err != nil {
			return false, err
		}
		for _, h := range hits(s, passages, patterns) {
			fmt.Fprintln(w, h.text)
			counts[h.rule]++
			total++
		}
	}
	if total > 0 {
		fmt.Fprintf(w, "\n%6d  found in all\n", total)
	}
	for _, rule := range rules {
		if counts[rule] > 0 {
			fmt.Fprintf(w, "%6d  %s\n", counts[rule], rule)
		}
	}
	return total == 0, nil
}

// hit is one forbidden phrase in a file.
type hit struct {
	place int // offset in the file
	rule  string
	text  string // the line to print
}

// hits searches the passages of a file, and returns what it finds in order.
func hits(s source, passages []*passage, patterns []pattern) []hit {
	var found []hit
	for _, p := range passages {
		text := p.text.String()
		for _, pattern := range patterns {
			for _, at := range pattern.find(s.path, text) {
				place := p.places[at[0]]
				line, column := s.place(place)
				message := fmt.Sprintf("%s:%d:%d: found \"%s\": write \"%s\"",
					s.path, line, column, p.show(at[0], at[1]), pattern.Say)
				found = append(found, hit{place: place, rule: pattern.Rule, text: message})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b hit) int { return a.place - b.place })
	return slices.CompactFunc(found, func(a, b hit) bool { return a.place == b.place && a.rule == b.rule })
}
