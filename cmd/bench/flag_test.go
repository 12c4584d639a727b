package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestTypedFlags(t *testing.T) {
	var duration bench.Duration
	var rate bench.Rate
	word := "auto"
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.Var(newDurationFlag(&duration), "duration", "")
	f.Var(newRateFlag(&rate), "rate", "")
	f.Var(newChoiceFlag(&word, "auto", "always", "never"), "color", "")
	for _, c := range []struct{ name, arg, want string }{
		{"duration", "--duration=20m", ""},
		{"duration without a unit", "--duration=10", "--duration"},
		{"duration of zero", "--duration=0s", "must be positive"},
		{"rate", "--rate=200/s", ""},
		{"rate without a unit", "--rate=200", ""},
		{"rate that is negative", "--rate=-1", "must be positive"},
		{"rate that is too high", "--rate=10000001", "no machine sends 10000001/s"},
		{"word", "--color=never", ""},
		{"unknown word", "--color=blue", "use auto, always or never"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := f.Parse([]string{c.arg})
			if c.want == "" && err != nil {
				t.Error(err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

// A list replaces its default, and grows with each further use.
func TestLists(t *testing.T) {
	rates := []bench.Rate{1, 2}
	verdicts := []bench.Verdict{bench.Contradicted}
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.Var(newRatesFlag(&rates), "rate", "")
	f.Var(newWordsFlag(&verdicts, "verdicts", bench.VerdictNames), "fail-on", "")
	if err := f.Parse([]string{"--rate", "10,20/s", "--rate=30", "--fail-on", "not tested,depends"}); err != nil {
		t.Fatal(err)
	}
	if want := []bench.Rate{10, 20, 30}; !slices.Equal(rates, want) {
		t.Errorf("rates are %v, want %v", rates, want)
	}
	if want := []bench.Verdict{bench.NotTested, bench.Depends}; !slices.Equal(verdicts, want) {
		t.Errorf("verdicts are %v, want %v", verdicts, want)
	}
}

// The old name of a flag sets the flag, and warns once.
func TestRenamedFlag(t *testing.T) {
	var servers []string
	on := false
	cmd := &cobra.Command{Use: "test", Run: func(*cobra.Command, []string) {}}
	cmd.Flags().StringSliceVar(&servers, "server", nil, "")
	cmd.Flags().BoolVar(&on, "no-gates", false, "")
	renameFlag(cmd, "target", "server")
	renameFlag(cmd, "ungated", "no-gates")
	var stderr bytes.Buffer
	cmd.SetErr(&stderr)
	cmd.SetArgs([]string{"--target", "a,b", "--target", "c", "--server", "d", "--ungated"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(servers, want) {
		t.Errorf("servers are %q, want %q", servers, want)
	}
	if !on || !cmd.Flags().Changed("no-gates") {
		t.Error("--ungated does not set --no-gates")
	}
	want := "bench: warning: --target has a new name: use --server\n" +
		"bench: warning: --ungated has a new name: use --no-gates\n"
	if got := stderr.String(); got != want {
		t.Errorf("warnings are %q, want %q", got, want)
	}
	if usage := cmd.Flags().FlagUsages(); strings.Contains(usage, "target") || strings.Contains(usage, "ungated") {
		t.Errorf("the help shows an old name:\n%s", usage)
	}
}
