package sign

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// directory makes a run directory with the files that a signature covers.
func directory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := []string{
		record.PlanFile, record.EnvironmentFile, record.ManifestFile, record.VerdictsFile, "report.html",
	}
	for _, name := range files {
		write(t, filepath.Join(dir, name), name)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// newKey makes a pair of keys; private is the PEM of the private one.
func newKey(t *testing.T) (public ed25519.PublicKey, private []byte) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, encoded(t, key)
}

func encoded(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// envelope is DSSE's, as its specification describes it.
type envelope struct {
	PayloadType, Payload string
	Signatures           []struct{ KeyID, Sig string }
}

func readEnvelope(t *testing.T, dir string) (e envelope) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, record.AttestationFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The envelope is what the specification of DSSE says, as the standard library reads it.
func TestEnvelope(t *testing.T) {
	dir := directory(t)
	public, private := newKey(t)
	id, err := Sign(context.Background(), Run{Dir: dir, Verdicts: &bench.Verdicts{}, Evidence: true}, private)
	if err != nil {
		t.Fatal(err)
	}
	e := readEnvelope(t, dir)
	if e.PayloadType != "application/vnd.in-toto+json" {
		t.Errorf("the payload's type is %q", e.PayloadType)
	}
	if len(e.Signatures) != 1 {
		t.Fatalf("there are %d signatures", len(e.Signatures))
	}
	if e.Signatures[0].KeyID != id {
		t.Errorf("the key's id is %q, want %q", e.Signatures[0].KeyID, id)
	}
	payload, signature := decoded(t, e.Payload), decoded(t, e.Signatures[0].Sig)
	signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(payload), payload)
	if !ed25519.Verify(public, []byte(signed), signature) {
		t.Error("the signature is not over the pre-authentication encoding")
	}
}

// The payload is what the specification of in-toto says, as the standard library reads it.
func TestStatement(t *testing.T) {
	dir := directory(t)
	_, private := newKey(t)
	v := &bench.Verdicts{Claims: []bench.ClaimVerdict{
		{ID: "a", Verdict: bench.Supported},
		{ID: "b", Verdict: bench.Contradicted},
		{ID: "c", Verdict: bench.Inconclusive},
	}}
	if _, err := Sign(context.Background(), Run{Dir: dir, Verdicts: v, Evidence: true}, private); err != nil {
		t.Fatal(err)
	}
	var s struct {
		Type          string `json:"_type"`
		PredicateType string
		Subject       []struct {
			Name   string
			Digest map[string]string
		}
		Predicate struct {
			Result                                string
			PassedTests, WarnedTests, FailedTests []string
			Configuration                         []struct{ Name string }
		}
	}
	if err := json.Unmarshal(decoded(t, readEnvelope(t, dir).Payload), &s); err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, file := range s.Subject {
		subjects = append(subjects, file.Name)
		want, err := record.Sum(filepath.Join(dir, file.Name))
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Digest["sha256"]; got != want {
			t.Errorf("%s has the digest %s, want %s", file.Name, got, want)
		}
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"type", s.Type, "https://in-toto.io/Statement/v1"},
		{"predicate's type", s.PredicateType, "https://in-toto.io/attestation/test-result/v0.1"},
		{"list of subjects", subjects, []string{"manifest.json", "verdicts.json", "report.html"}},
		{"result", s.Predicate.Result, "PASSED"},
		{"number of passed tests", len(s.Predicate.PassedTests), 1},
		{"number of warned tests", len(s.Predicate.WarnedTests), 1},
		{"number of failed tests", len(s.Predicate.FailedTests), 1},
		{"number of configurations", len(s.Predicate.Configuration), 2},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("the %s is %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestResults(t *testing.T) {
	for _, c := range []struct {
		name     string
		verdicts bench.Verdicts
		evidence bool
		want     string
	}{
		{"evidence", bench.Verdicts{}, true, "PASSED"},
		{"not evidence", bench.Verdicts{}, false, "WARNED"},
		{"warnings", bench.Verdicts{Warnings: []string{"w"}}, true, "WARNED"},
		{"void", bench.Verdicts{Void: []string{"v"}}, true, "FAILED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := directory(t)
			_, private := newKey(t)
			run := Run{Dir: dir, Verdicts: &c.verdicts, Evidence: c.evidence}
			if _, err := Sign(context.Background(), run, private); err != nil {
				t.Fatal(err)
			}
			var s struct{ Predicate struct{ Result string } }
			if err := json.Unmarshal(decoded(t, readEnvelope(t, dir).Payload), &s); err != nil {
				t.Fatal(err)
			}
			if s.Predicate.Result != c.want {
				t.Errorf("the result is %s, want %s", s.Predicate.Result, c.want)
			}
		})
	}
}

// Exactly the signed files must be in the directory, and the key must be the one that signed.
func TestVerifyRefuses(t *testing.T) {
	_, key := newKey(t)
	_, another := newKey(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	unchanged := func(string) error { return nil }
	for _, c := range []struct {
		name   string
		change func(dir string) error
		key    []byte
		want   string // in the error; "" for no error
	}{
		{"nothing", unchanged, key, ""},
		{"a changed report", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "report.html"), nil, 0o644)
		}, key, "report.html is not the file that was signed"},
		{"a new report", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "report.md"), nil, 0o644)
		}, key, "report.md is not among the files that were signed"},
		{"a missing report", func(dir string) error {
			return os.Remove(filepath.Join(dir, "report.html"))
		}, key, "report.html was signed, but is missing"},
		{"a damaged attestation", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, record.AttestationFile), []byte("{"), 0o644)
		}, key, "attestation.json is damaged"},
		{"another key", unchanged, another, "attestation.json is not signed with this key"},
		{"an RSA key", unchanged, encoded(t, other), "the key is not a usable Ed25519 key: its type is rsa"},
		{"a text", unchanged, []byte("no key"), "the key is not a usable Ed25519 key: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := directory(t)
			run := Run{Dir: dir, Verdicts: &bench.Verdicts{}, Evidence: true}
			if _, err := Sign(context.Background(), run, key); err != nil {
				t.Fatal(err)
			}
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			_, err := Verify(context.Background(), dir, c.key)
			if (err == nil) != (c.want == "") {
				t.Fatalf("error is %v, want %q", err, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestSignRefusesAPublicKey(t *testing.T) {
	public, _ := newKey(t)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	dir := directory(t)
	if _, err := Sign(context.Background(), Run{Dir: dir, Verdicts: &bench.Verdicts{}}, key); !errors.Is(err, ErrKey) {
		t.Errorf("error is %v, want ErrKey", err)
	}
	if _, err := os.Stat(filepath.Join(dir, record.AttestationFile)); err == nil {
		t.Error("an attestation was written")
	}
}
