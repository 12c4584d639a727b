// Package sign signs a run directory and checks such a signature: an in-toto statement of a test result over the
// manifest, the verdicts and the reports, in a DSSE envelope signed with Ed25519.
//
// The manifest holds the hashes of all other evidence, so that the signature is over every file.
package sign

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	testresult "github.com/in-toto/attestation/go/predicates/test_result/v0"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Types of the envelope and of the predicate.
const (
	PayloadType   = "application/vnd.in-toto+json"
	PredicateType = "https://in-toto.io/attestation/test-result/v0.1"
)

// ErrKey says that a key is none that can be used.
var ErrKey = errors.New("no Ed25519 key")

// Sign writes attestation.json into a run directory, signed with the private key, PEM in PKCS #8. Its result is
// FAILED for a run that is void, WARNED for one that is no evidence or has warnings, and else PASSED; a claim
// that is supported is a passed test, one that is contradicted a failed one, any other is warned of. It returns the
// id of the key.
func Sign(ctx context.Context, dir string, v *bench.Verdicts, evidence bool, key []byte) (keyID string, err error) {
	signer, err := load(key)
	if err != nil {
		return "", err
	}
	payload, err := statement(dir, v, evidence)
	if err != nil {
		return "", err
	}
	by, err := dsse.NewEnvelopeSigner(signer)
	if err != nil {
		return "", err
	}
	envelope, err := by.SignPayload(ctx, PayloadType, payload)
	if errors.Is(err, signerverifier.ErrNotPrivateKey) {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	} else if err != nil {
		return "", err
	}
	data, err := encode(envelope)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, record.AttestationFile), data, 0o644); err != nil {
		return "", err
	}
	return signer.KeyID()
}

// Verify checks that the directory's attestation is signed with the key, public or private, and that it is of the
// files that are there. It returns the id of the key.
func Verify(ctx context.Context, dir string, key []byte) (keyID string, err error) {
	verifier, err := load(key)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(dir, record.AttestationFile))
	if err != nil {
		return "", err
	}
	wrong := func(format string, args ...any) error {
		return &record.Difference{File: record.AttestationFile, Problem: fmt.Sprintf(format, args...)}
	}
	var envelope dsse.Envelope
	if err := json.Unmarshal(data, &envelope); err != nil {
		return "", wrong("is damaged: %v", err)
	}
	if again, err := encode(&envelope); err != nil || !bytes.Equal(again, data) {
		return "", wrong("does not have the bytes that bench writes")
	}
	checker, err := dsse.NewEnvelopeVerifier(verifier)
	if err != nil {
		return "", err
	}
	_, payload, err := checker.VerifyAndDecode(ctx, &envelope)
	if err != nil {
		return "", wrong("is not signed with this key: %v", err)
	}
	var s intoto.Statement
	if err := protojson.Unmarshal(payload, &s); err != nil {
		return "", wrong("holds no statement: %v", err)
	}
	if err := s.Validate(); err != nil {
		return "", wrong("holds no valid statement: %v", err)
	}
	if envelope.PayloadType != PayloadType || s.GetPredicateType() != PredicateType {
		return "", wrong("is no statement of a test result, but %s of %s", s.GetPredicateType(), envelope.PayloadType)
	}
	now, err := subjects(dir)
	if err != nil {
		return "", err
	}
	named := func(list []*intoto.ResourceDescriptor, name string) int {
		return slices.IndexFunc(list, func(r *intoto.ResourceDescriptor) bool { return r.GetName() == name })
	}
	for _, signed := range s.GetSubject() {
		i := named(now, signed.GetName())
		if i < 0 {
			return "", &record.Difference{File: signed.GetName(), Problem: "was signed, but is missing"}
		}
		if now[i].GetDigest()[digest] != signed.GetDigest()[digest] {
			return "", &record.Difference{File: signed.GetName(), Problem: "is not the file that was signed"}
		}
	}
	for _, file := range now {
		if named(s.GetSubject(), file.GetName()) < 0 {
			return "", &record.Difference{File: file.GetName(), Problem: "is not among the files that were signed"}
		}
	}
	return verifier.KeyID()
}

// digest is how in-toto names the SHA-256 of a file.
const digest = "sha256"

// load reads an Ed25519 key.
func load(key []byte) (*signerverifier.ED25519SignerVerifier, error) {
	k, err := signerverifier.LoadKey(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if k.KeyType != signerverifier.ED25519KeyType {
		return nil, fmt.Errorf("%w: it is %s", ErrKey, k.KeyType)
	}
	return signerverifier.NewED25519SignerVerifierFromSSLibKey(k)
}

// statement is what is signed: in-toto's test result, as JSON.
func statement(dir string, v *bench.Verdicts, evidence bool) ([]byte, error) {
	about, err := subjects(dir)
	if err != nil {
		return nil, err
	}
	plan, err := descriptor(dir, record.PlanFile)
	if err != nil {
		return nil, err
	}
	environment, err := descriptor(dir, record.EnvironmentFile)
	if err != nil {
		return nil, err
	}
	result := &testresult.TestResult{Result: "PASSED", Configuration: []*intoto.ResourceDescriptor{plan, environment}}
	switch {
	case len(v.Void) > 0:
		result.Result = "FAILED"
	case !evidence || len(v.Warnings) > 0:
		result.Result = "WARNED"
	}
	for _, claim := range v.Claims {
		text := claim.ID + ": " + string(claim.Verdict)
		switch claim.Verdict {
		case bench.Supported:
			result.PassedTests = append(result.PassedTests, text)
		case bench.Contradicted:
			result.FailedTests = append(result.FailedTests, text)
		default:
			result.WarnedTests = append(result.WarnedTests, text)
		}
	}
	encoded, err := protojson.Marshal(result)
	if err != nil {
		return nil, err
	}
	predicate := &structpb.Struct{}
	if err := protojson.Unmarshal(encoded, predicate); err != nil {
		return nil, err
	}
	s := &intoto.Statement{Type: intoto.StatementTypeUri, Subject: about, PredicateType: PredicateType, Predicate: predicate}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return protojson.Marshal(s)
}

// subjects are the files that a signature is over: the manifest, the verdicts and the reports.
func subjects(dir string) (list []*intoto.ResourceDescriptor, err error) {
	reports, err := record.Renderings(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{record.ManifestFile, record.VerdictsFile}, reports...) {
		about, err := descriptor(dir, name)
		if err != nil {
			return nil, err
		}
		list = append(list, about)
	}
	return list, nil
}

func descriptor(dir, name string) (*intoto.ResourceDescriptor, error) {
	sum, err := record.Sum(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	return &intoto.ResourceDescriptor{Name: name, Digest: map[string]string{digest: sum}}, nil
}

// encode is the only form of an envelope that is accepted, so that no byte of it can change unseen: JSON of its own
// members alone, base64 without a bit to spare.
func encode(e *dsse.Envelope) ([]byte, error) {
	texts := []string{e.Payload}
	for _, part := range e.Signatures {
		texts = append(texts, part.Sig)
	}
	for _, text := range texts {
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(e, "", " ")
	return append(data, '\n'), err
}
