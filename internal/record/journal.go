package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Entry is one line of the journal.
type Entry struct {
	Time   time.Time `json:"time"`
	Event  string    `json:"event"`           // see the constants
	Trial  int       `json:"trial,omitempty"` // its number in the plan
	Round  int       `json:"round,omitempty"` // of a look: the last round that was judged
	Arm    string    `json:"arm,omitempty"`
	Level  string    `json:"level,omitempty"` // of an arm that is left out in part
	Valid  *bool     `json:"valid,omitempty"` // of a finished trial
	Reason string    `json:"reason,omitempty"`
	Rate   float64   `json:"rate,omitempty"`   // 1/s
	Budget string    `json:"budget,omitempty"` // that the session was started with
	// Undecided lists the claims that a look left undecided.
	Undecided []string `json:"open,omitempty"`
	// Sums holds the SHA-256, in hex, of the files of a finished trial, by name.
	Sums map[string]string `json:"sha256,omitempty"`
}

// Events of the journal.
const (
	EventBegin       = "begin"       // the run was started or resumed
	EventExclude     = "exclude"     // a cell is left out: it does not keep the contract
	EventMissing     = "missing"     // a cell is left out: this machine lacks something that it needs
	EventBudget      = "budget"      // the time is up: the rounds so far are judged
	EventLaunch      = "launch"      // a trial starts
	EventTrial       = "trial"       // a trial is finished and recorded, valid or not
	EventDrop        = "drop"        // a cell is measured no longer: a look found no claim that needs it
	EventCommon      = "common"      // the smallest capacity of a group, of which common rates are shares
	EventLook        = "look"        // the rounds so far were judged, as planned
	EventSetAside    = "set aside"   // the remains of an interrupted trial were moved
	EventInterrupted = "interrupted" // the user stopped the run
	EventEnd         = "end"         // all trials were made
)

// openJournal opens a journal for appending. It completes a line that a crash cut short, so that the next
// entry has a line to itself.
func openJournal(path string) (*os.File, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	journal, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err == nil && len(data) > 0 && data[len(data)-1] != '\n' {
		_, err = journal.Write([]byte{'\n'})
	}
	return journal, err
}

// Journal appends an entry. The entry is on disk when Journal returns.
func (w *Writer) Journal(e Entry) error {
	e.Time = time.Now().UTC()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := w.journal.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return w.journal.Sync()
}
