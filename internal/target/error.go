package target

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/text"
)

// Error is a failure with advice for the user. If a server or an installer failed, it also
// carries the end of what that program wrote.
type Error struct {
	Err  error
	Hint string // what to do about it; may be empty
	Log  string // may be empty
}

// StopTimeout is how long a server may take to exit after SIGTERM. It is then killed.
const StopTimeout = 8 * time.Second

var (
	errNotPrepared = errors.New("it was not prepared")
	errKilled      = fmt.Errorf("the server did not stop within %v of SIGTERM and was killed", StopTimeout)
)

const (
	shownLines  = 12  // of a log in an error
	shownLength = 400 // of a line in an error, in characters
)

func (e *Error) Error() string {
	if end := lastLines(e.Log, shownLines); end != "" {
		return e.Err.Error() + "\n" + end
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// lastLines returns the last n lines of the log, indented.
func lastLines(log string, n int) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	for i, line := range lines {
		lines[i] = "    " + printable(line)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " ")
}

// firstLine returns the first line of the error's message, safe to print.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return printable(line)
}

// printable makes a server's text safe to print: it cannot drive a terminal, and it is short.
func printable(s string) string { return text.Shorten(text.Visible(s), shownLength) }
