package main

import (
	_ "embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed patterns.yaml
var patternData []byte

// pattern is a phrase that we do not write, and what we write instead.
type pattern struct {
	Rule   string              // the name under which hits are counted
	Find   string              // a regular expression; it ignores case unless it says (?-i)
	Say    string              // what to write instead
	Bad    string              // an example that it finds
	Good   string              // an example that it does not find
	In     string              // a glob of the file names that it applies to; all if empty
	Except []map[string]string // file name or glob, to a regular expression around an excused phrase

	expr    *regexp.Regexp
	excused []exception
}

// exception excuses phrases that lie within a match of its expression.
type exception struct {
	file string
	text *regexp.Regexp
}

// loadPatterns decodes and compiles the list of patterns.
func loadPatterns(data []byte) ([]pattern, error) {
	var patterns []pattern
	if err := yaml.UnmarshalWithOptions(data, &patterns, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read patterns.yaml: %w", err)
	}
	for i := range patterns {
		if err := patterns[i].compile(); err != nil {
			return nil, fmt.Errorf("compile pattern %d of patterns.yaml: %w", i+1, err)
		}
	}
	return patterns, nil
}

func (p *pattern) compile() (err error) {
	if p.Rule == "" || p.Find == "" || p.Say == "" {
		return errors.New("rule, find and say must be set")
	}
	if p.expr, err = regexp.Compile("(?i)" + strings.ReplaceAll(p.Find, "\n", "")); err != nil {
		return err
	}
	for _, except := range p.Except {
		for file, text := range except {
			compiled, err := regexp.Compile("(?i)" + text)
			if err != nil {
				return err
			}
			p.excused = append(p.excused, exception{file: file, text: compiled})
		}
	}
	return nil
}

// find returns the bounds of each phrase in text that the pattern forbids in the file.
// If the expression has a group, the phrase is what the group matches.
func (p *pattern) find(file, text string) (found [][2]int) {
	if p.In != "" && !matches(p.In, file) {
		return nil
	}
	for _, m := range p.expr.FindAllStringSubmatchIndex(text, -1) {
		at := [2]int{m[0], m[1]}
		if len(m) > 2 && m[2] >= 0 {
			at = [2]int{m[2], m[3]}
		}
		if !p.excuses(file, text, at) {
			found = append(found, at)
		}
	}
	return found
}

func (p *pattern) excuses(file, text string, at [2]int) bool {
	for _, e := range p.excused {
		if !matches(e.file, file) {
			continue
		}
		for _, m := range e.text.FindAllStringIndex(text, -1) {
			if m[0] <= at[0] && at[1] <= m[1] {
				return true
			}
		}
	}
	return false
}

// matches reports whether a glob matches the path of a file, or its last element.
func matches(glob, file string) bool {
	whole, _ := path.Match(glob, file)
	last, _ := path.Match(glob, path.Base(file))
	return whole || last
}
