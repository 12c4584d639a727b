// Package runner conducts a plan: it verifies the targets, makes the trials in
// their order, each with a fresh launch, and records everything in the run
// directory. It judges nothing.
package runner
