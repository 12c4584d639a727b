package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/claimbench/claimbench/internal/bench"
)

// durationFlag is a positive duration with its unit.
type durationFlag struct{ to *bench.Duration }

func newDurationFlag(to *bench.Duration) pflag.Value { return durationFlag{to} }

func (f durationFlag) Set(s string) error { return f.to.UnmarshalText([]byte(s)) }
func (f durationFlag) Type() string       { return "duration" }

func (f durationFlag) String() string {
	if f.to == nil || f.to.Duration == 0 {
		return ""
	}
	return f.to.String()
}

// largestRate is the highest rate that a user can mean, in requests per second.
const largestRate = 10_000_000

func parseRate(s string) (r bench.Rate, err error) {
	if err := r.UnmarshalText([]byte(s)); err != nil {
		return 0, err
	}
	if r > largestRate {
		return 0, fmt.Errorf("no machine sends %s; the limit is %s", r, bench.Rate(largestRate))
	}
	return r, nil
}

// rateFlag is a rate in requests per second.
type rateFlag struct{ to *bench.Rate }

func newRateFlag(to *bench.Rate) pflag.Value { return rateFlag{to} }

func (f rateFlag) Set(s string) (err error) {
	*f.to, err = parseRate(s)
	return err
}

func (f rateFlag) Type() string { return "rate" }

func (f rateFlag) String() string {
	if f.to == nil || *f.to == 0 {
		return ""
	}
	return f.to.String()
}

// ratesFlag is a list of rates, which replaces the default.
type ratesFlag struct {
	to  *[]bench.Rate
	set bool
}

func newRatesFlag(to *[]bench.Rate) pflag.Value { return &ratesFlag{to: to} }

func (f *ratesFlag) Set(s string) error {
	var list []bench.Rate
	for word := range strings.SplitSeq(s, ",") {
		r, err := parseRate(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		list = append(list, r)
	}
	if f.set {
		list = append(*f.to, list...)
	}
	*f.to, f.set = list, true
	return nil
}

func (f *ratesFlag) Type() string { return "rates" }

func (f *ratesFlag) String() string {
	if f.to == nil {
		return ""
	}
	var words []string
	for _, r := range *f.to {
		words = append(words, r.String())
	}
	return strings.Join(words, ",")
}

// choiceFlag is one of several words.
type choiceFlag struct {
	to    *string
	known []string
}

func newChoiceFlag(to *string, known ...string) pflag.Value { return choiceFlag{to: to, known: known} }

func (f choiceFlag) Set(s string) error {
	if !slices.Contains(f.known, s) {
		return fmt.Errorf("use %s", alternatives(f.known))
	}
	*f.to = s
	return nil
}

func (f choiceFlag) Type() string { return strings.Join(f.known, "|") }

func (f choiceFlag) String() string {
	if f.to == nil {
		return ""
	}
	return *f.to
}

// wordsFlag is a list of known words, which replaces the default.
type wordsFlag[T ~string] struct {
	to    *[]T
	known []string
	kind  string // what the words are, in the plural
	set   bool
}

func newWordsFlag[T ~string](to *[]T, kind string, known []string) pflag.Value {
	return &wordsFlag[T]{to: to, kind: kind, known: known}
}

func (f *wordsFlag[T]) Set(s string) error {
	var list []T
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if !slices.Contains(f.known, word) {
			use := "use " + alternatives(f.known)
			if word != s {
				use = fmt.Sprintf("%q is unknown; %s", word, use)
			}
			return errors.New(use)
		}
		list = append(list, T(word))
	}
	if f.set {
		list = append(*f.to, list...)
	}
	*f.to, f.set = list, true
	return nil
}

func (f *wordsFlag[T]) Type() string { return f.kind }

func (f *wordsFlag[T]) String() string {
	if f.to == nil {
		return ""
	}
	var words []string
	for _, w := range *f.to {
		words = append(words, string(w))
	}
	return strings.Join(words, ",")
}

// alternatives returns "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// renamedFlag is the old name of a flag. It sets the flag, and warns once.
type renamedFlag struct {
	pflag.Value
	flags    *pflag.FlagSet
	old, now string
	warnings func() io.Writer
	warned   bool
}

func (f *renamedFlag) Set(s string) error {
	if !f.warned {
		fmt.Fprintf(f.warnings(), "bench: warning: --%s has a new name: use --%s\n", f.old, f.now)
		f.warned = true
	}
	return f.flags.Set(f.now, s)
}

// renameFlag keeps the old name of a flag as a hidden alias.
func renameFlag(cmd *cobra.Command, old, now string) {
	flags := cmd.Flags()
	flag := flags.Lookup(now)
	if flag == nil {
		panic("no flag " + now)
	}
	flags.AddFlag(&pflag.Flag{
		Name:        old,
		Usage:       "old name of --" + now,
		Hidden:      true,
		NoOptDefVal: flag.NoOptDefVal,
		Value:       &renamedFlag{Value: flag.Value, flags: flags, old: old, now: now, warnings: cmd.ErrOrStderr},
	})
}
