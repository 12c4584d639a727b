package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/cpuset"
)

// connections is the number of connections of every closed loop.
const connections = 64

// bed is the test bed that the tools run on.
type bed struct {
	folder    string     // its folder bin holds the tools
	generator cpuset.Set // CPUs of the tools
	server    cpuset.Set // CPUs of the server
	duration  time.Duration
	rounds    int
	rates     []int // of the open loops, in requests per second
	tools     []tool
	stderr    io.Writer // takes the progress
}

// install builds bench, and installs the tools that are missing.
func (b *bed) install() error {
	bin := filepath.Join(b.folder, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "bench"), "./cmd/bench")
	build.Stderr = b.stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build bench: run this in the folder of the repository: %w", err)
	}
	for _, t := range allTools() {
		if t.module != "" {
			if err := b.installModule(t); err != nil {
				return err
			}
		} else if _, err := exec.LookPath(b.path(t.name)); err != nil {
			return fmt.Errorf("%s is not installed: apt-get install %s", t.name, t.name)
		}
		b.tools = append(b.tools, t)
	}
	return nil
}

// installModule installs a tool from Go's registry. Each version has its own
// folder, so that a new one is installed.
func (b *bed) installModule(t tool) error {
	versioned := filepath.Join(b.folder, strings.ReplaceAll(t.module, "/", "_"))
	if !exists(filepath.Join(versioned, t.name)) {
		fmt.Fprintf(b.stderr, "installing %s\n", t.module)
		install := exec.Command("go", "install", t.module)
		install.Env = append(os.Environ(), "GOBIN="+versioned)
		install.Stderr = b.stderr
		if err := install.Run(); err != nil {
			return fmt.Errorf("install %s: %w", t.module, err)
		}
	}
	link := filepath.Join(b.folder, "bin", t.name)
	_ = os.Remove(link) // there may be none yet
	return os.Symlink(filepath.Join(versioned, t.name), link)
}

// path returns the path of a tool, or its name if the system has it.
func (b *bed) path(name string) string {
	if own := filepath.Join(b.folder, "bin", name); exists(own) {
		return own
	}
	return name
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// run runs a tool on the generator's CPUs, and returns what it printed.
func (b *bed) run(input io.Reader, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(b.path(name), args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &out, &complaint
	cmd.Env = append(os.Environ(), "K6_NO_USAGE_REPORT=true", "K6_AUTO_EXTENSION_RESOLUTION=false")
	if err := cpuset.StartOn(b.generator, cmd.Start); err != nil {
		return nil, err
	}
	kill := time.AfterFunc(b.duration+time.Minute, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, complaint.Bytes())
	}
	return out.Bytes(), nil
}

// seconds returns the duration of a measurement in seconds.
func (b *bed) seconds() string { return strconv.FormatFloat(b.duration.Seconds(), 'f', -1, 64) }
