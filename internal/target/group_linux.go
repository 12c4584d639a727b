package target

import (
	"os/exec"
	"syscall"
)

// ownGroup starts the command in a process group of its own, and has it killed
// should this process be. The kernel kills it when the thread that started it
// ends, so no goroutine of this program may end with its thread locked.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
