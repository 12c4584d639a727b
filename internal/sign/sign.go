package sign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Types of the envelope's payload and of the statement's predicate.
const (
	PayloadType   = "application/vnd.in-toto+json"
	PredicateType = "https://in-toto.io/attestation/test-result/v0.1"
)

// ErrKey means that a key cannot be used: it is not an Ed25519 key in PEM, or it is a public key
// where a private one is needed.
var ErrKey = errors.New("the key is not a usable Ed25519 key")

// Run is a run to sign.
type Run struct {
	Dir      string // its directory
	Verdicts *bench.Verdicts
	Evidence bool // its profile makes evidence
}

// Sign writes attestation.json into the directory of the run, signed with the private key, which is
// PEM in PKCS #8. It returns the id of the key. The error wraps ErrKey if the key cannot be used.
//
// The result of the statement is FAILED for a void run, WARNED for a run that is not evidence or
// has warnings, and otherwise PASSED. A supported claim is a passed test, a contradicted claim is a
// failed test, and any other claim is a warned test.
func Sign(ctx context.Context, r Run, key []byte) (keyID string, err error) {
	signer, err := parseKey(key)
	if err != nil {
		return "", err
	}
	payload, err := statement(r)
	if err != nil {
		return "", fmt.Errorf("make the statement to sign: %w", err)
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
	if err := os.WriteFile(filepath.Join(r.Dir, record.AttestationFile), data, 0o644); err != nil {
		return "", err
	}
	return signer.KeyID()
}

// parseKey parses a public or private Ed25519 key in PEM.
func parseKey(key []byte) (*signerverifier.ED25519SignerVerifier, error) {
	k, err := signerverifier.LoadKey(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if k.KeyType != signerverifier.ED25519KeyType {
		return nil, fmt.Errorf("%w: its type is %s", ErrKey, k.KeyType)
	}
	return signerverifier.NewED25519SignerVerifierFromSSLibKey(k)
}
