// Package sign signs a run directory and checks its signature.
//
// The signature is over the manifest, the verdicts and the reports. The manifest holds the hashes
// of all other evidence, so the signature covers every file. Its form is an in-toto statement of a
// test result, in a DSSE envelope, signed with an Ed25519 key.
package sign
