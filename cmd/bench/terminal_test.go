package main

import (
	"bytes"
	"testing"
)

func TestColoredSigns(t *testing.T) {
	in := "Of 2 claims\n✓ supported  c\n  ✗  json: contradicted\n! Rounds: 3\n"
	want := "Of 2 claims\n\x1b[32m✓\x1b[0m supported  c\n  \x1b[31m✗\x1b[0m  json: contradicted\n! Rounds: 3\n"
	if got := colored(in); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A buffer is not a terminal, so only --color always colors it.
func TestUseColor(t *testing.T) {
	for color, want := range map[string]bool{colorAuto: false, colorAlways: true, colorNever: false} {
		if got := (&globalOptions{color: color}).useColor(&bytes.Buffer{}); got != want {
			t.Errorf("--color %s colors: %t, want %t", color, got, want)
		}
	}
}
