// Command bench puts published performance claims on trial.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/strictyaml"
	"github.com/claimbench/claimbench/internal/target"
	"github.com/claimbench/claimbench/internal/text"
)

// Exit codes.
const (
	exitDone  = 0
	exitError = 1
	exitInput = 2
	exitGate  = 3 // --fail-on
	exitVoid  = 4 // an evidence or ci run that is void as evidence
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: what it prints goes to stdout, progress and errors
// to stderr, and the exit code is returned.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if message := err.Error(); message != "" {
		fmt.Fprintf(stderr, "bench: error: %s\n", text.Plain(message))
	}
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(stderr, "bench: hint: %s\n", text.Plain(hint))
	}
	return codeOf(err)
}

// failure is an error with its exit code and advice.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// badInput is a failure that the person at the keyboard can mend.
func badInput(hint, format string, args ...any) error {
	return &failure{code: exitInput, err: fmt.Errorf(format, args...), hint: hint}
}

func codeOf(err error) int {
	var f *failure
	var input *strictyaml.InputError
	var choice *plan.ChoiceError
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &input), errors.As(err, &choice):
		return exitInput
	}
	return exitError
}

func hintOf(err error) string {
	var f *failure
	var t *target.Error
	switch {
	case errors.As(err, &f) && f.hint != "":
		return f.hint
	case errors.As(err, &t):
		return t.Hint
	}
	return ""
}

// newRoot is the command with all its parts.
func newRoot(stdout, stderr io.Writer) *cobra.Command {
	p := &project{}
	root := &cobra.Command{
		Use:   "bench",
		Short: "Put published performance claims on trial",
		Long: `bench starts real servers, loads them, and says of each claim of a guide whether it holds,
with the evidence beside it. Start with: bench demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.PersistentFlags().StringVarP(&p.dir, "project", "C", "", "folder with docker-compose.yml, scenarios/ and claims/ (default: this folder or one above it)")
	root.MarkPersistentFlagDirname("project")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return badInput(fmt.Sprintf("see bench %s --help", cmd.Name()), "%w", err)
	})
	root.AddCommand(
		newDemo(p), newRun(p), newPlan(p), newDoctor(p), newList(p),
		newLoad(), newCalibrate(), newJudge(), newReport(), newVerify(), newSign(), newMerge(), newCompare(), newTrend(), newServe(),
	)
	for _, cmd := range root.Commands() {
		cmd.Args = argumentsOf(cmd.Args)
	}
	return root
}

// argumentsOf makes wrong arguments bad input.
func argumentsOf(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return badInput("usage: "+cmd.UseLine(), "%w", err)
		}
		return nil
	}
}
