package main

import (
	"bytes"
	"testing"
)

// A buffer is not a terminal, so only --color always colors it.
func TestUseColor(t *testing.T) {
	for color, want := range map[string]bool{colorAuto: false, colorAlways: true, colorNever: false} {
		if got := (&globalOptions{color: color}).useColor(&bytes.Buffer{}); got != want {
			t.Errorf("--color %s colors: %t, want %t", color, got, want)
		}
	}
}
