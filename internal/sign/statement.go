package sign

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"

	testresult "github.com/in-toto/attestation/go/predicates/test_result/v0"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// digest is in-toto's name of the SHA-256 of a file.
const digest = "sha256"

// Results of in-toto's predicate test-result.
const (
	passed = "PASSED"
	warned = "WARNED"
	failed = "FAILED"
)

// statement returns the JSON to sign: an in-toto statement of the run's test result.
func statement(r Run) ([]byte, error) {
	signed, err := subjects(r.Dir)
	if err != nil {
		return nil, err
	}
	result, err := testResult(r)
	if err != nil {
		return nil, err
	}
	encoded, err := protojson.Marshal(result)
	if err != nil {
		return nil, err
	}
	predicate := &structpb.Struct{}
	if err := protojson.Unmarshal(encoded, predicate); err != nil {
		return nil, err
	}
	s := &intoto.Statement{
		Type:          intoto.StatementTypeUri,
		Subject:       signed,
		PredicateType: PredicateType,
		Predicate:     predicate,
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return protojson.Marshal(s)
}

// testResult returns the result of the run and of each claim: see Sign.
func testResult(r Run) (*testresult.TestResult, error) {
	plan, err := descriptor(r.Dir, record.PlanFile)
	if err != nil {
		return nil, err
	}
	environment, err := descriptor(r.Dir, record.EnvironmentFile)
	if err != nil {
		return nil, err
	}
	result := &testresult.TestResult{
		Result:        passed,
		Configuration: []*intoto.ResourceDescriptor{plan, environment},
	}
	switch {
	case len(r.Verdicts.Void) > 0:
		result.Result = failed
	case !r.Evidence || len(r.Verdicts.Warnings) > 0:
		result.Result = warned
	}
	for _, claim := range r.Verdicts.Claims {
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
	return result, nil
}

// subjects returns the files that the signature covers: the manifest, the verdicts and the reports.
func subjects(dir string) (list []*intoto.ResourceDescriptor, err error) {
	reports, err := record.Renderings(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{record.ManifestFile, record.VerdictsFile}, reports...) {
		file, err := descriptor(dir, name)
		if err != nil {
			return nil, err
		}
		list = append(list, file)
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

// encode returns the only form of an envelope that Verify accepts, so that no byte of it can change
// unseen. It is JSON with the members of the envelope only, and base64 without unused bits set.
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
