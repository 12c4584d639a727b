package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/sign"
	"github.com/claimbench/claimbench/internal/text"
)

func newVerify() *cobra.Command {
	key := ""
	cmd := &cobra.Command{
		Use: "verify DIR", Short: "Check that a run's files are those that were recorded, and that they give its verdicts",
		Long: `verify recomputes the SHA-256 of every file, judges the run again from its raw hits, compares the verdicts, and
renders the reports again. It names the first difference and exits with 1.
With --key it checks that the run was signed with that Ed25519 key; see bench sign.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var pem []byte
			if key != "" {
				var err error
				if pem, err = readKey(key); err != nil {
					return err
				}
			}
			if _, _, err := verify(cmd.Context(), cmd.OutOrStdout(), args[0]); err != nil {
				return err
			}
			return verifySignature(cmd.Context(), cmd.OutOrStdout(), args[0], pem)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file with the Ed25519 key that signed the run, public or private, as PEM")
	cmd.MarkFlagFilename("key", "pem", "pub", "key")
	return cmd
}

func newSign() *cobra.Command {
	key := ""
	cmd := &cobra.Command{
		Use: "sign DIR", Short: "Verify a run, and sign it with an Ed25519 key",
		Long: `sign verifies a run and writes attestation.json into it: a DSSE envelope over an in-toto statement of a test result,
over the manifest, the verdicts and the reports. Make a key with
  openssl genpkey -algorithm ed25519 -out key.pem && openssl pkey -in key.pem -pubout -out key.pub`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pem, err := readKey(key)
			if err != nil {
				return err
			}
			r, verdicts, err := verify(cmd.Context(), io.Discard, args[0])
			if err != nil {
				return err
			}
			id, err := sign.Sign(cmd.Context(), sign.Run{Dir: args[0], Verdicts: verdicts, Evidence: r.Plan.Profile.Evidence}, pem)
			if errors.Is(err, sign.ErrKey) {
				return badInput("a private Ed25519 key as PEM is needed; see bench sign --help", "sign: %w", err)
			} else if err != nil {
				return err
			}
			if err := record.WriteChecksums(args[0], record.AttestationFile); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: signed with key %s\n", filepath.Join(args[0], record.AttestationFile), id)
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file with the private Ed25519 key, as PEM")
	cmd.MarkFlagRequired("key")
	cmd.MarkFlagFilename("key", "pem", "key")
	return cmd
}

func readKey(file string) ([]byte, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, badInput("name a PEM file with --key", "%w", err)
	}
	return pem, nil
}

// verify checks all of a run but its signature, and tells of each step.
func verify(ctx context.Context, out io.Writer, dir string) (*record.Run, *bench.Verdicts, error) {
	if _, err := os.Stat(filepath.Join(dir, record.PlanFile)); err != nil {
		return nil, nil, badInput("a run directory is what bench run made, such as reports/TIME-PROFILE", "%s is not a run directory: %w", dir, err)
	}
	files, err := record.Verify(dir)
	if err != nil {
		return nil, nil, differs(err)
	}
	r, verdicts, summaries, err := rejudge(dir)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(out, "✓ evidence: the %d files of manifest.json, and no other\n", files)
	stored, err := os.ReadFile(filepath.Join(dir, record.VerdictsFile))
	if err != nil {
		return nil, nil, err
	}
	judged, err := text.JSON(verdicts)
	if err != nil {
		return nil, nil, err
	}
	switch apart := difference(stored, judged); {
	case bytes.Equal(stored, judged):
		fmt.Fprintf(out, "✓ verdicts: judged again from %d trials, the same to the byte\n", len(r.Results))
	case apart == "":
		fmt.Fprintf(out, "✓ verdicts: judged again from %d trials, the same but for the last digits of numbers, which processors round each in its way\n", len(r.Results))
	default:
		self := buildinfo.Read().Version
		f := &failure{code: exitError, err: fmt.Errorf("verify: %s is not what its raw hits give: %s", record.VerdictsFile, apart)}
		if made := r.Environment.Bench; made != self {
			f.hint = fmt.Sprintf("the run was made by bench %q, and this is %q, which may judge otherwise", made, self)
		}
		return nil, nil, f
	}
	if err := verifyRenderings(ctx, out, dir, r, verdicts, summaries); err != nil {
		return nil, nil, err
	}
	return r, verdicts, nil
}

// differs is the failure of what was found to differ.
func differs(err error) error {
	return &failure{code: exitError, err: fmt.Errorf("verify: %w", err), hint: "do not use this run as evidence; get its files again from where it was made"}
}

// verifyRenderings holds the reports against report.sha256, and against what is rendered now.
func verifyRenderings(ctx context.Context, out io.Writer, dir string, r *record.Run, v *bench.Verdicts, summaries []bench.Summary) error {
	files, err := record.VerifyRenderings(dir)
	if err != nil {
		return differs(err)
	}
	if len(files) == 0 {
		fmt.Fprintln(out, "– reports: there are none")
		return nil
	}
	for _, name := range files {
		known := func(format string) bool { return report.File(format) == name }
		if name != record.AttestationFile && !slices.ContainsFunc(report.Formats, known) {
			return differs(&record.Difference{File: name, Problem: "is no report that bench writes"})
		}
	}
	fmt.Fprintf(out, "✓ reports: %s are those of report.sha256\n", strings.Join(files, ", "))
	d, err := report.Build(r, v, summaries)
	if err != nil {
		return err
	}
	self := d.Generator
	made, err := report.ReadMade(dir)
	if err != nil {
		return differs(&record.Difference{File: report.File("json"), Problem: "does not tell how the reports were made: " + err.Error()})
	}
	d.Generator, d.Brand, d.FailOn = made.Generator, made.Brand, made.FailOn
	var same []string
	for _, format := range report.Formats {
		if format == "pdf" || !slices.Contains(files, report.File(format)) {
			continue
		}
		stored, err := os.ReadFile(filepath.Join(dir, report.File(format)))
		if err != nil {
			return err
		}
		again, err := d.Encode(ctx, format)
		if err != nil {
			return err
		}
		if bytes.Equal(stored, again) {
			same = append(same, format)
			continue
		}
		hint := "bench report " + dir + " writes it again"
		if made.Generator != self || r.Environment.Arch != runtime.GOARCH {
			hint = fmt.Sprintf("it was rendered by bench %q for %q, and this is %q for %s, which may render it otherwise; %s", made.Generator, r.Environment.Arch, self, runtime.GOARCH, hint)
		}
		return &failure{code: exitError, err: fmt.Errorf("verify: %s is not what the evidence gives: line %d differs", report.File(format), firstLine(stored, again)), hint: hint}
	}
	fmt.Fprintf(out, "✓ rendered again from the evidence, the same to the byte: %s\n", strings.Join(same, ", "))
	if pdf := report.File("pdf"); slices.Contains(files, pdf) {
		fmt.Fprintf(out, "– %s: a browser made it, so that only its sum is checked; it must say what %s says\n", pdf, report.File("html"))
	}
	return nil
}

// verifySignature checks that the run is signed with the key; without one it tells that it did not.
func verifySignature(ctx context.Context, out io.Writer, dir string, pem []byte) error {
	_, err := os.Stat(filepath.Join(dir, record.AttestationFile))
	signed := !errors.Is(err, fs.ErrNotExist)
	switch {
	case pem == nil && signed:
		fmt.Fprintln(out, "– signature: not checked; give the signer's key with --key")
		return nil
	case pem == nil:
		return nil
	case !signed:
		return &failure{code: exitError, err: fmt.Errorf("verify: %s is not signed", dir), hint: "bench sign " + dir + " --key KEY signs it"}
	}
	id, err := sign.Verify(ctx, dir, pem)
	var d *record.Difference
	switch {
	case errors.As(err, &d):
		return differs(err)
	case errors.Is(err, sign.ErrKey):
		return badInput("an Ed25519 key as PEM is needed", "verify: %w", err)
	case err != nil:
		return err
	}
	fmt.Fprintf(out, "✓ signature: of manifest, verdicts and reports, by key %s\n", id)
	return nil
}

// firstLine is the number of the first line in which two texts differ.
func firstLine(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return 1 + bytes.Count(a[:n], []byte{'\n'})
}

// difference is the first place in which two JSON texts differ by more than the last digits of a number, which depend on
// how a processor rounds; empty for none.
func difference(stored, now []byte) string {
	decode := func(data []byte) (v any, err error) {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		err = d.Decode(&v)
		return v, err
	}
	a, err := decode(stored)
	b, other := decode(now)
	var v bench.Verdicts
	if err == nil {
		err = json.Unmarshal(stored, &v)
	}
	if err != nil || other != nil {
		return "it is damaged"
	}
	if text := differAt("", a, b); text != "" {
		return text
	}
	if again, err := text.JSON(&v); err != nil || !bytes.Equal(again, stored) {
		return "it says the same, but not as bench writes it"
	}
	return ""
}

// lastDigits is how far two numbers may be apart that were computed alike, as a share of them or of a thousandth.
const lastDigits = 1e-9

func differAt(path string, a, b any) string {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			all := maps.Clone(x)
			maps.Copy(all, y)
			for _, key := range slices.Sorted(maps.Keys(all)) {
				if text := differAt(strings.TrimPrefix(path+"."+key, "."), x[key], y[key]); text != "" {
					return text
				}
			}
			return ""
		}
	case []any:
		if y, ok := b.([]any); ok {
			for i := range max(len(x), len(y)) {
				var p, q any
				if i < len(x) {
					p = x[i]
				}
				if i < len(y) {
					q = y[i]
				}
				if text := differAt(fmt.Sprintf("%s[%d]", path, i), p, q); text != "" {
					return text
				}
			}
			return ""
		}
	case json.Number:
		if y, ok := b.(json.Number); ok {
			p, _ := x.Float64()
			q, _ := y.Float64()
			if x == y || math.Abs(p-q) <= lastDigits*max(math.Abs(p), 1e-3) {
				return ""
			}
		}
	default:
		if a == b {
			return ""
		}
	}
	said := func(v any) string {
		if v == nil {
			return "nothing"
		}
		text, _ := json.Marshal(v)
		if len(text) > 80 {
			return string(text[:80]) + "…"
		}
		return string(text)
	}
	return fmt.Sprintf("at %s there is %s; now it is %s", cmp.Or(path, "its top"), said(a), said(b))
}
