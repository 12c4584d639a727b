//go:build !linux

package cpuset

import (
	"errors"
	"runtime"
	"time"
)

var errNoPinning = errors.New("bench cannot pin threads to CPUs on this system")

// Allowed returns all CPUs of the machine.
func Allowed() Set {
	set := make(Set, runtime.NumCPU())
	for cpu := range set {
		set[cpu] = cpu
	}
	return set
}

// Cores returns each CPU of the set as one core: this system does not report which share a core.
func (s Set) Cores() []Set {
	return s.group(func(int) Set { return nil })
}

// Of returns nil: this system does not report the CPUs of a process.
func Of(int) Set { return nil }

// PinSelf returns an error: it is not possible on this system.
func PinSelf(Set) (restore func(), err error) { return nil, errNoPinning }

// StartOn calls start. It pins nothing on this system.
func StartOn(_ Set, start func() error) error { return start() }

// Stolen reports false: this system does not report it.
func (s Set) Stolen() (time.Duration, bool) { return 0, false }

// Idle returns an error: it is not possible on this system.
func Idle() error { return errNoPinning }
