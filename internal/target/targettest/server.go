package targettest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/source"
)

const (
	serverUser   = "10001:10001"
	serverUID    = 10001
	serverMemory = 256 << 20 // bytes
)

// Root returns this package's folder: the root of a project whose only target is Server.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// Server returns the small server in a mode: see server/server.py.
func Server(t testing.TB, mode string) bench.Target {
	t.Helper()
	dir := filepath.Join(Root(), "server")
	files, err := source.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := source.Digest(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	base := os.Getenv("PYTHON_IMAGE")
	if base == "" {
		base = "python:3.14-slim-trixie"
	}
	return bench.Target{
		Name:      "small",
		Runtime:   "python",
		Framework: "http.server",
		Tier:      "bare",
		Context:   "server",
		Digest:    digest,
		Command:   []string{"python3", "server.py"},
		BuildArgs: map[string]string{"BASE": base},
		Version:   []string{"python3", "--version"},
		Env:       map[string]string{"MODE": mode},
		Ready:     bench.Duration{Duration: 20 * time.Second},
		Container: bench.Container{
			User:        serverUser,
			CapDrop:     []string{"ALL"},
			SecurityOpt: []string{"no-new-privileges:true"},
			ReadOnly:    true,
			Tmpfs:       []string{"/tmp"},
			MemoryBytes: serverMemory,
		},
	}
}
