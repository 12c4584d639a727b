package report

import "slices"

// Check is a figure that shows how far the run can be trusted.
type Check struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	State State  `json:"state"`
	Why   string `json:"why"`

	// preview marks a check that a preview such as demo is too short to pass, and lacks says why: "few
	// rounds". The summary in the terminal says so once, and does not warn.
	preview bool
	lacks   string
}

// State says whether a check needs attention.
type State string

// The states of a check.
const (
	StateOK   State = "ok"
	StateWarn State = "warn" // needs attention
	StateBad  State = "bad"  // the run, or a part of it, must not be used
)

// warnIf returns StateWarn if any of the conditions holds, otherwise StateOK.
func warnIf(conditions ...bool) State {
	if slices.Contains(conditions, true) {
		return StateWarn
	}
	return StateOK
}

// badIf returns StateBad if any of the conditions holds, otherwise StateOK.
func badIf(conditions ...bool) State {
	if slices.Contains(conditions, true) {
		return StateBad
	}
	return StateOK
}
