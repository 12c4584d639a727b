package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/sign"
	"github.com/claimbench/claimbench/internal/text"
)

func newSign(g *globalOptions) *cobra.Command {
	o := &signOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "sign DIR",
		Short: "Verify a run, and sign it with an Ed25519 key",
		Long: `sign verifies a run, and writes attestation.json into its directory. The file is a DSSE envelope
over an in-toto statement of a test result. The statement covers the manifest, the verdicts and the
reports. To make a key:

  openssl genpkey -algorithm ed25519 -out key.pem
  openssl pkey -in key.pem -pubout -out key.pub`,
		Example: "  bench sign reports/example --key key.pem",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}, "0  the run is signed", "1  the run does not verify, or an error occurred", statusFile)
	o.addFlags(cmd)
	return cmd
}

// signOptions are the flags of sign.
type signOptions struct {
	global *globalOptions
	key    string
	asJSON bool
}

func (o *signOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.key, "key", "", "PEM `file` with the private Ed25519 key (required)")
	f.BoolVar(&o.asJSON, "json", false, "print the result as JSON, and errors as one JSON object")
	completeFile(cmd, "key", "pem", "key")
}

// signResult holds what sign prints with --json.
type signResult struct {
	RunDir      string `json:"run_dir"`
	Attestation string `json:"attestation"` // file
	KeyID       string `json:"key_id"`
}

func (o *signOptions) run(cmd *cobra.Command, dir string) error {
	if o.key == "" {
		return advice.BadInput("see bench sign --help for how to make a key",
			"sign needs a private key: pass its file with --key")
	}
	pem, err := readKey(o.key)
	if err != nil {
		return err
	}
	v := rejudge.Verifier{
		Dir:  dir,
		Self: buildinfo.Read().Version,
		Report: func(c rejudge.Check) {
			if !o.asJSON && o.global.verbose {
				printCheck(cmd.OutOrStdout(), c, verbose)
			}
		},
	}
	r, err := v.Run(cmd.Context())
	if err != nil {
		return err
	}
	id, err := sign.Sign(cmd.Context(), sign.Run{Dir: dir, Verdicts: r.Verdicts, Evidence: r.Plan.Profile.Evidence}, pem)
	if errors.Is(err, sign.ErrKey) {
		return advice.BadInput("pass a private Ed25519 key as PEM; see bench sign --help", "sign: %w", err)
	} else if err != nil {
		return err
	}
	if err := record.WriteChecksums(dir, record.AttestationFile); err != nil {
		return err
	}
	result := signResult{RunDir: dir, Attestation: filepath.Join(dir, record.AttestationFile), KeyID: id}
	if o.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(), result)
	}
	return o.print(cmd.OutOrStdout(), result)
}

func (o *signOptions) print(out io.Writer, r signResult) error {
	if o.global.quiet {
		return nil
	}
	if o.global.verbose { // the signature's hash goes there
		fmt.Fprintln(out, filepath.Join(r.RunDir, record.RenderingsFile))
	}
	_, err := fmt.Fprintf(out, "%s: signed with key %s\n", r.Attestation, r.KeyID)
	return err
}
