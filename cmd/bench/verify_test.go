package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/text"
)

// finished returns a run directory that was judged and rendered, as bench run leaves it.
func finished(t testing.TB, study recordtest.Study) string {
	t.Helper()
	dir := study.Write(t)
	w, err := record.Append(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	r, err := rejudge.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := text.JSON(r.Verdicts)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Verdicts(encoded); err != nil {
		t.Fatal(err)
	}
	d, err := report.Build(r.Run, r.Verdicts, r.Summaries)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.WriteFiles(t.Context(), dir, "html", "md", "json"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func faster() recordtest.Study {
	lower := bench.Test{Scenario: "json", Metric: "p50", Of: "node", To: "python", Expect: bench.Lower}
	return recordtest.Study{
		Rounds: 3,
		Speed:  recordtest.Speeds(time.Millisecond, 2*time.Millisecond),
		Noise:  .02,
		Twin:   1,
		Claims: [][]bench.Test{{lower}},
	}
}

// keys writes a new pair of keys, as openssl does.
func keys(t testing.TB) (private, public string) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	private, public = filepath.Join(dir, "key.pem"), filepath.Join(dir, "key.pub")
	a, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		private: {Type: "PRIVATE KEY", Bytes: a},
		public:  {Type: "PUBLIC KEY", Bytes: b},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return private, public
}

// A bit that flips in any file of a signed run is found, and the file is named.
func TestVerifyFindsAnyBit(t *testing.T) {
	dir := finished(t, faster())
	private, public := keys(t)
	const formats = "html,md,json,csv,junit,benchfmt,bigger,smaller"
	if code, _, stderr := command(t, "report", dir, "--format", formats); code != exitDone {
		t.Fatal(stderr)
	}
	if code, _, stderr := command(t, "sign", dir, "--key", private); code != exitDone {
		t.Fatal(stderr)
	}
	code, stdout, stderr := command(t, "verify", dir, "--key", public)
	if code != exitDone {
		t.Fatalf("the run as it was made does not pass: %s", stderr)
	}
	for _, want := range []string{
		"✓ evidence: all ",
		"✓ verdicts: judged again from 9 trials",
		"✓ rendering: made again from the evidence, the same to the byte: " + strings.ReplaceAll(formats, ",", ", "),
		"✓ signature: ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		whole, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		for _, at := range []int{0, len(whole) / 3, len(whole) - 1} {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 1 << (at % 7)
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				return err
			}
			// Without the key, too: the sums of what is derived hold the signature.
			for _, args := range [][]string{{"verify", dir}, {"verify", dir, "--key", public}} {
				if code, _, stderr := command(t, args...); code != exitError ||
					!strings.Contains(stderr, filepath.ToSlash(name)) {
					t.Errorf("byte %d of %s: exit code %d, %q", at, name, code, stderr)
				}
			}
		}
		return os.WriteFile(path, whole, 0o644)
	})
	if err != nil || files < 35 {
		t.Errorf("%d files, %v", files, err)
	}
	if code, _, stderr := command(t, "verify", dir, "--key", public); code != exitDone {
		t.Errorf("mended, it does not pass: %s", stderr)
	}
}

// Edited evidence with new checksums is found by judging again, or by the signature.
func TestVerifyFindsForgery(t *testing.T) {
	private, public := keys(t)
	_, stranger := keys(t)
	for name, forge := range map[string]struct {
		do   func(t *testing.T, dir string)
		want string
		args []string
	}{
		"verdict": {func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, record.VerdictsFile), `"verdict": "supported"`, `"verdict": "contradicted"`)
			rewriteManifest(t, dir)
		}, "verdicts.json does not follow from the raw hits: " +
			"claims[0].verdict is \"contradicted\" in the file, and \"supported\" now", nil},
		"hits": {func(t *testing.T, dir string) {
			trials, err := filepath.Glob(filepath.Join(dir, "trials", "*json-node-a"))
			if err != nil || len(trials) < 2 {
				t.Fatal(trials, err)
			}
			data, err := os.ReadFile(filepath.Join(trials[0], record.HitsFile))
			if err == nil {
				err = os.WriteFile(filepath.Join(trials[1], record.HitsFile), data, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			rewriteManifest(t, dir)
		}, "verdicts.json does not follow from the raw hits", nil},
		"report": {func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "report.html"), "supported", "contradicted")
			if err := record.WriteChecksums(dir, "report.html"); err != nil {
				t.Fatal(err)
			}
		}, "report.html does not follow from the evidence: line ", nil},
		"report of another version": {func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "report.html"), "supported", "contradicted")
			edit(t, filepath.Join(dir, "report.json"), `"generator": "`, `"generator": "x`)
			if err := record.WriteChecksums(dir, "report.html", "report.json"); err != nil {
				t.Fatal(err)
			}
		}, "report.html does not follow from the evidence: line ", nil},
		"report that is none": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "report.final.html"), []byte("supported"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := record.WriteChecksums(dir, "report.final.html"); err != nil {
				t.Fatal(err)
			}
		}, "report.final.html is not a report that bench writes", nil},
		"link": {func(t *testing.T, dir string) {
			if err := os.Symlink("/etc/hostname", filepath.Join(dir, "trials", "link")); err != nil {
				t.Fatal(err)
			}
		}, "trials/link is not a regular file", nil},
		"laundering": {func(t *testing.T, dir string) { // to render one report again is not to bless the others
			edit(t, filepath.Join(dir, "report.md"), "supported", "contradicted")
			if code, _, stderr := command(t, "report", dir, "--format", "html"); code != exitDone {
				t.Fatal(stderr)
			}
		}, "report.md has changed", nil},
		"another file": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "trials", "note.txt"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "trials/note.txt is not in manifest.json", nil},
		"a missing file": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, record.EnvironmentFile)); err != nil {
				t.Fatal(err)
			}
		}, "environment.json is missing, but manifest.json lists it", nil},
		"another key": {func(*testing.T, string) {},
			"attestation.json is not signed with this key", []string{"--key", stranger}},
		"the right key": {func(*testing.T, string) {}, "", []string{"--key", public}},
		"signed otherwise": {func(t *testing.T, dir string) {
			args := []string{"report", dir, "--format", "junit", "--junit-failures", "supported"}
			if code, _, stderr := command(t, args...); code != exitDone {
				t.Fatal(stderr)
			}
		}, "report.json is not the file that was signed", []string{"--key", public}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := finished(t, faster())
			if code, _, stderr := command(t, "report", dir, "--format", "html,md,json,junit"); code != exitDone {
				t.Fatal(stderr)
			}
			if code, _, stderr := command(t, "sign", dir, "--key", private); code != exitDone {
				t.Fatal(stderr)
			}
			forge.do(t, dir)
			want := exitError
			if forge.want == "" {
				want = exitDone
			}
			code, _, stderr := command(t, append([]string{"verify", dir}, forge.args...)...)
			if code != want || !strings.Contains(stderr, forge.want) {
				t.Errorf("exit code %d, %q; want %q", code, stderr, forge.want)
			}
		})
	}
}

func edit(t *testing.T, file, from, to string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(file, bytes.Replace(data, []byte(from), []byte(to), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rewriteManifest writes the manifest again, as a forger would.
func rewriteManifest(t *testing.T, dir string) {
	t.Helper()
	sums, err := record.Sums(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := text.WriteJSON(&b, sums); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, record.ManifestFile), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The kept example is what it was, and this bench reaches and renders the same.
func TestExample(t *testing.T) {
	if code, stdout, stderr := command(t, "verify", "../../reports/example"); code != exitDone {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}
