//go:build unix

package target

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/source"
)

// DefaultCache returns this program's folder in the user's cache.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", &Error{Err: fmt.Errorf("find the user's cache: %w", err), Hint: "set HOME or XDG_CACHE_HOME"}
	}
	return filepath.Join(dir, "claimbench"), nil
}

// doneMark is the file that marks a folder of the cache as complete.
const doneMark = ".claimbench-done"

// cache keeps what targets need to run as processes. It has two kinds of folders:
//
//	packages/RUNTIME-KEY  what Prepare installed; the key depends on the lock files, the
//	                      commands, and the version of the runtime
//	apps/RUNTIME-KEY      the source of a target, with links to its packages
type cache struct{ dir string }

// prepare makes the folder that the target runs in and returns its path.
func (c cache) prepare(ctx context.Context, root string, t bench.Target) (string, error) {
	version, err := runtimeVersion(ctx, t)
	if err != nil {
		return "", err
	}
	packages, err := c.packages(ctx, filepath.Join(root, t.Context), t, version)
	if err != nil {
		return "", err
	}
	return c.app(filepath.Join(root, t.Context), t, packages)
}

// runtimeVersion returns what the target's version command prints. It returns an error if the
// runtime is not installed, and "" if the target has no such command.
func runtimeVersion(ctx context.Context, t bench.Target) (string, error) {
	if len(t.Version) == 0 {
		return "", nil
	}
	program := t.Version[0]
	if _, err := exec.LookPath(program); err != nil {
		return "", &Error{
			Err:  fmt.Errorf("%s needs %s, which is not on PATH", t.Name, program),
			Hint: fmt.Sprintf("install %s, use --runner docker, or choose other servers with --server", program),
		}
	}
	out, err := exec.CommandContext(ctx, program, t.Version[1:]...).CombinedOutput()
	if err != nil {
		return "", &Error{Err: fmt.Errorf("run %s: %w", strings.Join(t.Version, " "), err), Log: string(out)}
	}
	return strings.TrimSpace(string(out)), nil
}

// packages installs what the target needs, unless it is installed, and returns its folder.
func (c cache) packages(ctx context.Context, from string, t bench.Target, version string) (string, error) {
	locks, err := source.Digest(from, t.Locks)
	if err != nil {
		return "", fmt.Errorf("%s: read lock files: %w", t.Name, err)
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%q %q %s %s %s %s",
		t.Prepare, t.Locks, locks, version, runtime.GOOS, runtime.GOARCH))
	dir := filepath.Join(c.dir, "packages", t.Runtime+"-"+hex.EncodeToString(key[:8]))
	unlock, err := lock(ctx, dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(dir) {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil { // left by an interrupted installation
		return "", err
	}
	if err := copyFiles(from, dir, t.Locks); err != nil {
		return "", err
	}
	for _, command := range t.Prepare {
		if err := install(ctx, dir, t, command); err != nil {
			return "", err
		}
	}
	return dir, markComplete(dir)
}

// install runs one of the target's Prepare commands in the folder.
func install(ctx context.Context, dir string, t bench.Target, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	killWithGroup(cmd)
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &Error{
		Err: fmt.Errorf("prepare %s: %s: %w", t.Name, strings.Join(command, " "), err),
		Hint: "check that the network allows the package registry, and run the command in " + t.Context +
			" to see all of its output",
		Log: string(out),
	}
}

// app copies the target's source into a folder that is named after its contents, links the
// packages into it, and returns its path.
func (c cache) app(from string, t bench.Target, packages string) (string, error) {
	key := sha256.Sum256([]byte(t.Digest + packages))
	dir := filepath.Join(c.dir, "apps", t.Runtime+"-"+hex.EncodeToString(key[:8]))
	unlock, err := lock(context.Background(), dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(dir) {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	files, err := source.Files(from)
	if err != nil {
		return "", err
	}
	if err := copyFiles(from, dir, files); err != nil {
		return "", err
	}
	installed, err := os.ReadDir(packages)
	if err != nil {
		return "", err
	}
	for _, entry := range installed {
		err := os.Symlink(filepath.Join(packages, entry.Name()), filepath.Join(dir, entry.Name()))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	_ = os.Remove(filepath.Join(dir, doneMark)) // the link to the mark of the packages
	return dir, markComplete(dir)
}

func complete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, doneMark))
	return err == nil
}

func markComplete(dir string) error { return os.WriteFile(filepath.Join(dir, doneMark), nil, 0o644) }

// lock keeps other processes of this program away from a folder of the cache. It waits for one
// that holds the lock.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	l := flock.New(dir + ".lock")
	if _, err := l.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return nil, fmt.Errorf("wait for another bench that prepares %s: %w", filepath.Base(dir), err)
	}
	return func() { _ = l.Unlock() }, nil
}

// copyFiles copies the named files, with their permissions, from one folder to another.
func copyFiles(from, to string, names []string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		src, dst := filepath.Join(from, filepath.FromSlash(name)), filepath.Join(to, filepath.FromSlash(name))
		info, err := os.Stat(src)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(src)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(dst, data, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}
