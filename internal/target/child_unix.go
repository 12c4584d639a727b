//go:build unix

package target

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// child is one launch of a target as a process.
type child struct {
	url       string
	cmd       *exec.Cmd
	placement bench.Placement
	exited    chan struct{} // closed once the process exited
	exit      error         // of cmd.Wait; read it only after exited

	mu      sync.Mutex // of log
	log     logTail
	stopped error
	once    sync.Once
}

// Write takes what the server writes to stdout and stderr.
func (c *child) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(b)
}

func (c *child) Log() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

func (c *child) URL() string                { return c.url }
func (c *child) Placement() bench.Placement { return c.placement }

func (c *child) Usage(context.Context) (bench.Usage, error) {
	return usage(c.cmd.Process.Pid)
}

// Alive returns an error if the process exited.
func (c *child) Alive(context.Context) error {
	select {
	case <-c.exited:
		return fmt.Errorf("the server exited: %s", exitText(c.exit))
	default:
		return nil
	}
}

func exitText(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// Stop stops the server with SIGTERM. If it does not exit, or leaves children behind, Stop kills
// its whole process group.
func (c *child) Stop(ctx context.Context) error {
	c.once.Do(func() { c.stopped = c.stop(ctx) })
	return c.stopped
}

func (c *child) stop(ctx context.Context) error {
	if err := c.Alive(ctx); err != nil {
		c.kill()
		return err
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // fails if the process has just exited
	select {
	case <-c.exited:
		c.kill() // children that were left behind
		if c.exit != nil {
			return fmt.Errorf("after SIGTERM the server exited: %s", exitText(c.exit))
		}
		return nil
	case <-time.After(StopTimeout):
	case <-ctx.Done():
	}
	c.kill()
	return errKilled
}

// kill kills the process group and waits until the server exited.
func (c *child) kill() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // fails if no process of the group is left
	<-c.exited
}

// killWithGroup makes a command, once its context is canceled, die with all its children.
func killWithGroup(cmd *exec.Cmd) {
	ownGroup(cmd)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
}
