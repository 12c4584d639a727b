package target

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup gives the command its own process group, and has it killed if this process dies. The
// kernel kills it when the thread that started it exits. No goroutine of this program may
// therefore return with its thread locked.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// raiseLimit lets a process open as many files as its hard limit allows. Servers get thousands of
// connections, and the usual soft limit is 1,024 files.
func raiseLimit(pid int) {
	var limit unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit) == nil {
		limit.Cur = limit.Max
		_ = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)
	}
}
