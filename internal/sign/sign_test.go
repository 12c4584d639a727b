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
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// directory has the files that a signature is over.
func directory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{record.PlanFile, record.EnvironmentFile, record.ManifestFile, record.VerdictsFile, "report.html"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func encoded(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// The envelope is what the specifications of DSSE and in-toto say, by the standard library alone.
func TestEnvelope(t *testing.T) {
	dir := directory(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v := &bench.Verdicts{Claims: []bench.ClaimVerdict{{ID: "a", Verdict: bench.Supported}, {ID: "b", Verdict: bench.Contradicted}, {ID: "c", Verdict: bench.Inconclusive}}}
	id, err := Sign(context.Background(), dir, v, true, encoded(t, private))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, record.AttestationFile))
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct {
		PayloadType, Payload string
		Signatures           []struct{ KeyID, Sig string }
	}
	if err := json.Unmarshal(data, &envelope); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil || len(envelope.Signatures) != 1 || envelope.Signatures[0].KeyID != id {
		t.Fatal(err, envelope.Signatures)
	}
	signature, err := base64.StdEncoding.DecodeString(envelope.Signatures[0].Sig)
	if err != nil {
		t.Fatal(err)
	}
	signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(envelope.PayloadType), envelope.PayloadType, len(payload), payload)
	if !ed25519.Verify(public, []byte(signed), signature) {
		t.Error("the signature is not over the pre-authentication encoding")
	}
	var statement struct {
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
	if err := json.Unmarshal(payload, &statement); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range statement.Subject {
		names = append(names, s.Name)
		if want, err := record.Sum(filepath.Join(dir, s.Name)); err != nil || s.Digest["sha256"] != want {
			t.Errorf("%s has %v, want %s (%v)", s.Name, s.Digest, want, err)
		}
	}
	p := statement.Predicate
	if statement.Type != "https://in-toto.io/Statement/v1" || statement.PredicateType != "https://in-toto.io/attestation/test-result/v0.1" ||
		envelope.PayloadType != "application/vnd.in-toto+json" || !reflect.DeepEqual(names, []string{"manifest.json", "verdicts.json", "report.html"}) ||
		p.Result != "PASSED" || len(p.PassedTests) != 1 || len(p.WarnedTests) != 1 || len(p.FailedTests) != 1 || len(p.Configuration) != 2 {
		t.Errorf("the statement is %s", payload)
	}
}

func TestResults(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v        bench.Verdicts
		evidence bool
		want     string
	}{
		{bench.Verdicts{}, true, "PASSED"}, {bench.Verdicts{}, false, "WARNED"},
		{bench.Verdicts{Warnings: []string{"w"}}, true, "WARNED"}, {bench.Verdicts{Void: []string{"v"}}, true, "FAILED"},
	} {
		dir := directory(t)
		if _, err := Sign(context.Background(), dir, &c.v, c.evidence, encoded(t, private)); err != nil {
			t.Fatal(err)
		}
		payload, err := statement(dir, &c.v, c.evidence)
		var s struct{ Predicate struct{ Result string } }
		if err == nil {
			err = json.Unmarshal(payload, &s)
		}
		if err != nil || s.Predicate.Result != c.want {
			t.Errorf("%+v, evidence %v: %s, want %s (%v)", c.v, c.evidence, s.Predicate.Result, c.want, err)
		}
	}
}

// What the signature is over must be there, and nothing beside it; and the key must be one.
func TestVerifyRefuses(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := encoded(t, private)
	for _, c := range []struct {
		change func(dir string) error
		key    []byte
		want   string
	}{
		{func(string) error { return nil }, key, ""},
		{func(dir string) error { return os.WriteFile(filepath.Join(dir, "report.html"), nil, 0o644) }, key, "report.html is not the file that was signed"},
		{func(dir string) error { return os.WriteFile(filepath.Join(dir, "report.md"), nil, 0o644) }, key, "report.md is not among the files that were signed"},
		{func(dir string) error { return os.Remove(filepath.Join(dir, "report.html")) }, key, "report.html was signed, but is missing"},
		{func(string) error { return nil }, encoded(t, other), "no Ed25519 key: it is rsa"},
		{func(string) error { return nil }, []byte("no key"), "no Ed25519 key: "},
	} {
		dir := directory(t)
		if _, err := Sign(context.Background(), dir, &bench.Verdicts{}, true, key); err != nil {
			t.Fatal(err)
		}
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(context.Background(), dir, c.key); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
