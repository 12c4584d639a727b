package sign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/claimbench/claimbench/internal/record"
)

// Verify checks that the attestation of the directory is signed with the key, public or private,
// and that the signed files are those in the directory. It returns the id of the key. The error is
// a record.Difference if the attestation or a file is not right, and wraps ErrKey if the key
// cannot be used.
func Verify(ctx context.Context, dir string, key []byte) (keyID string, err error) {
	verifier, err := parseKey(key)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(dir, record.AttestationFile))
	if err != nil {
		return "", err
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
	s, err := parseStatement(envelope.PayloadType, payload)
	if err != nil {
		return "", err
	}
	present, err := subjects(dir)
	if err != nil {
		return "", err
	}
	if err := compareSubjects(s.GetSubject(), present); err != nil {
		return "", err
	}
	return verifier.KeyID()
}

// wrong returns a Difference about the attestation itself.
func wrong(format string, args ...any) error {
	return &record.Difference{File: record.AttestationFile, Problem: fmt.Sprintf(format, args...)}
}

func parseStatement(payloadType string, payload []byte) (*intoto.Statement, error) {
	s := &intoto.Statement{}
	if err := protojson.Unmarshal(payload, s); err != nil {
		return nil, wrong("does not hold a statement: %v", err)
	}
	if err := s.Validate(); err != nil {
		return nil, wrong("does not hold a valid statement: %v", err)
	}
	if payloadType != PayloadType || s.GetPredicateType() != PredicateType {
		return nil, wrong("does not hold a test result, but %s of type %s", s.GetPredicateType(), payloadType)
	}
	return s, nil
}

// compareSubjects returns a Difference unless the signed files are the present ones.
func compareSubjects(signed, present []*intoto.ResourceDescriptor) error {
	find := func(list []*intoto.ResourceDescriptor, name string) int {
		return slices.IndexFunc(list, func(r *intoto.ResourceDescriptor) bool { return r.GetName() == name })
	}
	for _, file := range signed {
		i := find(present, file.GetName())
		if i < 0 {
			return &record.Difference{File: file.GetName(), Problem: "was signed, but is missing"}
		}
		if present[i].GetDigest()[digest] != file.GetDigest()[digest] {
			return &record.Difference{File: file.GetName(), Problem: "is not the file that was signed"}
		}
	}
	for _, file := range present {
		if find(signed, file.GetName()) < 0 {
			return &record.Difference{File: file.GetName(), Problem: "is not among the files that were signed"}
		}
	}
	return nil
}
