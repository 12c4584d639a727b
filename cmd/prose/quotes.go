package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"
)

// readQuotes returns the quotes of all guides in claims/, the longest first. They are
// other people's words, so no rule applies to them.
func readQuotes() ([]string, error) {
	files, err := filepath.Glob("claims/*.yaml")
	if err != nil {
		return nil, err
	}
	var quotes []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var guide struct {
			Claims []struct {
				Quotes []struct{ Quote string }
			}
		}
		if err := yaml.Unmarshal(data, &guide); err != nil {
			return nil, fmt.Errorf("read the quotes of %s: %w", file, err)
		}
		for _, claim := range guide.Claims {
			for _, q := range claim.Quotes {
				if q.Quote != "" {
					quotes = append(quotes, q.Quote)
				}
			}
		}
	}
	slices.SortStableFunc(quotes, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return quotes, nil
}
