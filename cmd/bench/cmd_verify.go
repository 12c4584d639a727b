package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/text"
)

func newVerify(g *globalOptions) *cobra.Command {
	o := &verifyOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "verify DIR",
		Short: "Check that a run's files are unchanged, and that they give its verdicts and reports",
		Long: `verify recomputes the SHA-256 of every file in a run directory. It judges the run again from
its raw hits, compares the verdicts, and renders the reports again. It stops at the first difference
and names it. With --key it also checks the signature that "bench sign" wrote.`,
		Example: "  bench verify reports/example\n  bench verify reports/example --key key.pub",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}, "0  everything is as it was recorded", "1  something differs, or an error occurred", statusFile)
	o.addFlags(cmd)
	return cmd
}

// verifyOptions are the flags of verify.
type verifyOptions struct {
	global *globalOptions
	key    string
	asJSON bool
}

func (o *verifyOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.key, "key", "", "PEM `file` with the Ed25519 key of the signer, public or private")
	f.BoolVar(&o.asJSON, "json", false, "print the checks as JSON, and errors as one JSON object")
	completeFile(cmd, "key", "pem", "pub", "key")
}

// verifyResult holds what verify prints with --json.
type verifyResult struct {
	RunDir string          `json:"run_dir"`
	Checks []rejudge.Check `json:"checks"`
}

func (o *verifyOptions) run(cmd *cobra.Command, dir string) error {
	var key []byte
	if o.key != "" {
		var err error
		if key, err = readKey(o.key); err != nil {
			return err
		}
	}
	result := verifyResult{RunDir: dir}
	v := rejudge.Verifier{
		Dir:  dir,
		Self: buildinfo.Read().Version,
		Report: func(c rejudge.Check) {
			result.Checks = append(result.Checks, c)
			if !o.asJSON {
				printCheck(cmd.OutOrStdout(), c, o.global.verbosity())
			}
		},
	}
	if _, err := v.Run(cmd.Context()); err != nil {
		return err
	}
	if err := v.Signature(cmd.Context(), key); err != nil {
		return err
	}
	if o.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(), result)
	}
	return nil
}

// printCheck prints a check that did not fail, and in verbose mode each file that it checked. A check that fails
// is an error instead, so quiet prints nothing.
func printCheck(out io.Writer, c rejudge.Check, level verbosity) {
	if level == quiet {
		return
	}
	fmt.Fprintln(out, c)
	if level == verbose {
		for _, file := range c.Files {
			fmt.Fprintf(out, "    %s\n", file)
		}
	}
}

func readKey(file string) ([]byte, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, advice.BadInput("pass a PEM file with --key", "read the key: %w", err)
	}
	return pem, nil
}
