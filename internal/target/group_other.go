//go:build unix && !linux

package target

import (
	"os/exec"
	"syscall"
)

// ownGroup gives the command its own process group.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// raiseLimit does nothing: this system cannot set the limits of another process.
func raiseLimit(int) {}
