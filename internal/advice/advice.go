// Package advice attaches to an error what the user can do about it, and whether the user's input
// caused it.
package advice

import (
	"errors"
	"fmt"
)

// Error is a failure with a hint. Its text is that of Err.
type Error struct {
	Err  error
	Hint string // what to do; empty if there is nothing to add
	// BadInput is true if the user can mend the cause: a flag, an argument or a file.
	BadInput bool
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// BadInput returns an error that the user's input caused, formatted as by fmt.Errorf.
func BadInput(hint, format string, args ...any) error {
	return &Error{Err: fmt.Errorf(format, args...), Hint: hint, BadInput: true}
}

// Failed returns an error that something else caused, formatted as by fmt.Errorf.
func Failed(hint, format string, args ...any) error {
	return &Error{Err: fmt.Errorf(format, args...), Hint: hint}
}

// IsBadInput reports whether the outermost Error in err's tree is bad input.
func IsBadInput(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.BadInput
}

// Of returns the hint of the outermost Error in err's tree; empty if there is none.
func Of(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
