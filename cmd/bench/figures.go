package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/compare"
)

// figureOptions are the flags that compare and trend share.
type figureOptions struct {
	asJSON bool
	all    bool
	failOn []string
}

func (o *figureOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	f.BoolVar(&o.all, "all", false, "also print figures that are inconclusive or practically equal")
	f.Var(newWordsFlag(&o.failOn, "words", compare.Words), "fail-on",
		"exit with 3 if a figure has one of these words: "+alternatives(compare.Words))
	completeWords(cmd, "fail-on", compare.Words...)
}

// hides reports whether a figure with that word is left out of the table.
func (o *figureOptions) hides(word string) bool {
	return !o.all && (word == compare.Equal || word == compare.Inconclusive)
}

// hint prints how to see the figures that are all hidden. It prints nothing if there are no figures.
func (o *figureOptions) hint(out io.Writer, hidden int) error {
	if hidden == 0 {
		return nil
	}
	_, err := fmt.Fprintln(out, "Every figure is practically equal or inconclusive. Add --all to list them.")
	return err
}

// gate returns an error if --fail-on names the word of a figure.
func (o *figureOptions) gate(name, word string) error {
	if slices.Contains(o.failOn, word) {
		return &codedError{exitGate, fmt.Errorf("%s is %s, and --fail-on names that word", name, word)}
	}
	return nil
}

// ratioText returns "1.2× (1.1 to 1.3)". A bound that is nil is infinite.
func ratioText(ratio, low, high *float64) string {
	if ratio == nil {
		return "–"
	}
	bound := func(b *float64, infinite string) string {
		if b == nil {
			return infinite
		}
		return fmt.Sprintf("%.3g", *b)
	}
	return fmt.Sprintf("%.3g× (%s to %s)", *ratio, bound(low, "0"), bound(high, "∞"))
}

// counted returns "2 worse, 40 practically equal".
func counted(count map[string]int) string {
	var parts []string
	for _, w := range compare.Words {
		if count[w] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[w], w))
		}
	}
	if len(parts) == 0 {
		return "none could be compared"
	}
	return strings.Join(parts, ", ")
}

// withReason returns the word, with the reason if there is one.
func withReason(word, why string) string {
	if why == "" {
		return word
	}
	return word + ": " + why
}
