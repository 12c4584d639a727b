package target

import (
	"os/exec"
	"syscall"
)

// ownGroup starts the command in a process group of its own, and has it killed
// should this process be.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
