package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/session"
	"github.com/claimbench/claimbench/internal/strictyaml"
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

// codedError is an error with a special exit code.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// failure holds the part of an error that the user sees.
type failure struct {
	code          int
	message, hint string
}

func failureOf(err error) failure {
	return failure{code: codeOf(err), message: text.Plain(err.Error()), hint: text.Plain(session.HintOf(err))}
}

func codeOf(err error) int {
	var status *codedError
	var input *strictyaml.InputError
	var choice *plan.ChoiceError
	switch {
	case errors.As(err, &status):
		return status.code
	case advice.IsBadInput(err), errors.As(err, &input), errors.As(err, &choice):
		return exitInput
	}
	return exitError
}

func (f failure) writeText(w io.Writer) {
	fmt.Fprintf(w, "bench: error: %s\n", f.message)
	if f.hint != "" {
		fmt.Fprintf(w, "bench: hint: %s\n", f.hint)
	}
}

// writeJSON writes the failure as one line.
func (f failure) writeJSON(w io.Writer) {
	line, err := json.Marshal(struct {
		Error    string `json:"error"`
		Hint     string `json:"hint"`
		ExitCode int    `json:"exit_code"`
	}{Error: f.message, Hint: f.hint, ExitCode: f.code})
	if err != nil { // strings and numbers can be written
		panic(err)
	}
	fmt.Fprintf(w, "%s\n", line)
}

// wantsJSON reports whether the command was asked for JSON. The arguments count even if the flags could
// not be parsed.
func wantsJSON(cmd *cobra.Command, args []string) bool {
	f := cmd.Flags().Lookup("json")
	switch {
	case f == nil:
		return false
	case f.Changed:
		return f.Value.String() == "true"
	}
	return slices.Contains(args, "--json")
}
