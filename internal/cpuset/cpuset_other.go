//go:build !linux

package cpuset

import (
	"errors"
	"runtime"
	"time"
)

var errNoPinning = errors.New("this system has no CPU pinning that bench can use")

// Allowed are the CPUs of the machine.
func Allowed() Set {
	set := make(Set, runtime.NumCPU())
	for cpu := range set {
		set[cpu] = cpu
	}
	return set
}

// Cores are the CPUs of the set: which share a core is not known on this system.
func (s Set) Cores() []Set {
	return s.group(func(int) Set { return nil })
}

// Of is not known on this system.
func Of(pid int) Set { return nil }

// PinSelf is not possible on this system.
func PinSelf(Set) (restore func(), err error) { return nil, errNoPinning }

// StartOn calls start; a set cannot be kept on this system.
func StartOn(s Set, start func() error) error { return start() }

// Stolen is not known on this system.
func (s Set) Stolen() (time.Duration, bool) { return 0, false }

// Idle is not possible on this system.
func Idle() error { return errNoPinning }
