package target

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup starts the command in a process group of its own, and has it killed
// should this process be. The kernel kills it when the thread that started it
// ends, so no goroutine of this program may end with its thread locked.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// raiseLimit lets a process open as many files as its hard limit allows: servers are
// put under thousands of connections, and the usual soft limit is 1,024.
func raiseLimit(pid int) {
	var limit unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit) == nil {
		limit.Cur = limit.Max
		unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)
	}
}
