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

// Child is a server of ours in a process of its own, so that it shares neither scheduler nor memory with what is
// measured against it.
type Child struct {
	URL   string
	Input io.WriteCloser // its standard input, with which it ends

	cmd *exec.Cmd
}

// Inherited is the number by which a child knows the first file that it was handed.
const Inherited = 3

// Start starts a server of the kind ("null", "truth", "live") on the CPUs, and hands it the files. The program is
// bench: it is run as `program serve kind`, and ends when this process does.
func Start(program, kind string, cpus cpuset.Set, files ...*os.File) (*Child, error) {
	cmd := exec.Command(program, "serve", kind, "--listen", "127.0.0.1:0", "--attached")
	cmd.Args[0] = "bench" // as which a test binary knows that it is meant to be the program
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
	silent := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(output).ReadString('\n')
	silent.Stop()
	if err != nil {
		_, ended := c.Stop()
		return nil, errors.Join(fmt.Errorf("start the %s server: it said nothing", kind), ended)
	}
	c.URL = strings.TrimSpace(line)
	return c, nil
}

// Stop ends the server and tells how much CPU time it used.
func (c *Child) Stop() (cpu time.Duration, err error) {
	c.Input.Close()
	kill := time.AfterFunc(5*time.Second, func() { c.cmd.Process.Kill() })
	defer kill.Stop()
	err = c.cmd.Wait()
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime(), err
}

// Truth asks a truth server for what it knows of the requests since it was last asked.
func (c *Child) Truth(ctx context.Context) (Truth, error) {
	var t Truth
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/truth", nil)
	if err != nil {
		return t, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return t, fmt.Errorf("ask for the truth: %w", err)
	}
	defer resp.Body.Close()
	return t, json.NewDecoder(resp.Body).Decode(&t)
}
