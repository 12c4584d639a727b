package session

import (
	"errors"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/target"
)

// HintOf returns what the user can do about an error, by the advice or by the launcher's hint in its
// tree; empty if nothing is known.
func HintOf(err error) string {
	if hint := advice.Of(err); hint != "" {
		return hint
	}
	var failed *target.Error
	if errors.As(err, &failed) {
		return failed.Hint
	}
	return ""
}
