package target

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// An error shows the end of the log, in lines that are short and cannot drive a terminal.
func TestErrorShowsTheEndOfTheLog(t *testing.T) {
	cause := errors.New("it failed")
	var log strings.Builder
	for n := range 20 {
		fmt.Fprintf(&log, "line %d\n", n)
	}
	fmt.Fprintf(&log, "\x1b[2J\ttab\n%s\n", strings.Repeat("x", 1000))
	err := &Error{Err: cause, Log: log.String()}
	if !errors.Is(err, cause) {
		t.Error("it does not wrap its cause")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 1+shownLines {
		t.Fatalf("it has %d lines: %q", len(lines), lines)
	}
	if lines[0] != "it failed" {
		t.Errorf("it starts with %q", lines[0])
	}
	if lines[1] != "    line 10" {
		t.Errorf("the log starts with %q", lines[1])
	}
	if want := "    ·[2J\ttab"; lines[11] != want {
		t.Errorf("the last line but one is %q, want %q", lines[11], want)
	}
	if want := "    " + strings.Repeat("x", shownLength-1) + "…"; lines[12] != want {
		t.Errorf("the last line is %q, want %q", lines[12], want)
	}
}

func TestErrorWithoutLog(t *testing.T) {
	if got := (&Error{Err: errors.New("it failed")}).Error(); got != "it failed" {
		t.Errorf("it is %q", got)
	}
}

func TestLogTailKeepsTheEnd(t *testing.T) {
	var log logTail
	for range 10 {
		_, _ = log.Write([]byte(strings.Repeat("a", logLimit/4)))
	}
	_, _ = log.Write([]byte("the end"))
	got := log.String()
	if len(got) != logLimit {
		t.Errorf("it keeps %d bytes, want %d", len(got), logLimit)
	}
	if !strings.HasSuffix(got, "a"+"the end") {
		t.Errorf("it ends with %q", got[len(got)-10:])
	}
}
