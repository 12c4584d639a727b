//go:build unix && !linux

package target

import (
	"os/exec"
	"syscall"
)

// ownGroup starts the command in a process group of its own.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// raiseLimit leaves the limit on open files as it is: another process's cannot be set here.
func raiseLimit(int) {}
