package reference

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/cpuset"
)

const (
	startPatience = 10 * time.Second // until a child must have printed its address
	stopPatience  = 5 * time.Second  // until a child is killed after its input was closed
)

// Inherited is the file descriptor of the first file that Start hands to a child.
const Inherited = 3

// Child is a server of this program in a separate process, so that it shares neither
// scheduler nor memory with what it measures. Start makes one; it must be stopped.
type Child struct {
	URL   string
	Input io.WriteCloser // standard input of the process, which exits when it is closed

	cmd *exec.Cmd
}

// Start starts a server of a kind ("null", "truth" or "live") on the CPUs, and hands it
// the files. It runs `program serve kind`, where program is the path of bench. The
// server exits when this process does.
func Start(program, kind string, cpus cpuset.Set, files ...*os.File) (*Child, error) {
	cmd := exec.Command(program, "serve", kind, "--listen", "127.0.0.1:0", "--attached")
	cmd.Args[0] = "bench" // tells a test binary to act as the program
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, files
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cpuset.StartOn(cpus, cmd.Start); err != nil {
		return nil, fmt.Errorf("start the %s server: %w", kind, err)
	}
	c := &Child{Input: input, cmd: cmd}
	silent := time.AfterFunc(startPatience, func() { _ = cmd.Process.Kill() }) // fails if it exited
	line, err := bufio.NewReader(output).ReadString('\n')
	silent.Stop()
	if err != nil {
		_, stopErr := c.Stop()
		err := fmt.Errorf("start the %s server: it exited, or printed no address within %v", kind, startPatience)
		return nil, errors.Join(err, stopErr)
	}
	c.URL = strings.TrimSpace(line)
	return c, nil
}

// Stop stops the server, and returns how much CPU time it used. The error says how the
// process exited, if not with 0.
func (c *Child) Stop() (cpu time.Duration, err error) {
	// It fails if the server has exited, which Wait reports.
	_ = c.Input.Close()
	kill := time.AfterFunc(stopPatience, func() { _ = c.cmd.Process.Kill() }) // fails if it exited
	defer kill.Stop()
	err = c.cmd.Wait()
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime(), err
}

// Truth returns what a truth server recorded since the last call. The server forgets it.
func (c *Child) Truth(ctx context.Context) (Truth, error) {
	var t Truth
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/truth", nil)
	if err != nil {
		return t, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return t, fmt.Errorf("read the true times: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if err := json.NewDecoder(resp.Body).Decode(&t); err != nil {
		return t, fmt.Errorf("read the true times: %w", err)
	}
	return t, nil
}
