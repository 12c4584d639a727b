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

// doneMark is the file that says a folder of the cache is whole.
const doneMark = ".claimbench-done"

// cache keeps what targets need to run as processes:
//
//	packages/RUNTIME-KEY  what Prepare installed, once for each state of the lock
//	                      files, the commands and the runtime's version
//	apps/RUNTIME-KEY      the target's source, with links to its packages
type cache struct{ dir string }

// prepare makes the folder to run the target in and returns it.
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

// runtimeVersion asks the runtime for its version, and so whether it is there.
func runtimeVersion(ctx context.Context, t bench.Target) (string, error) {
	if len(t.Version) == 0 {
		return "", nil
	}
	if _, err := exec.LookPath(t.Version[0]); err != nil {
		return "", &Error{
			Err:  fmt.Errorf("%s needs %s, which is not on PATH", t.Name, t.Version[0]),
			Hint: fmt.Sprintf("install %s, use --runner docker, or choose other servers with --target", t.Version[0]),
		}
	}
	out, err := exec.CommandContext(ctx, t.Version[0], t.Version[1:]...).CombinedOutput()
	if err != nil {
		return "", &Error{Err: fmt.Errorf("%s: %w", strings.Join(t.Version, " "), err), Log: string(out)}
	}
	return strings.TrimSpace(string(out)), nil
}

// packages installs what the target needs, or finds it installed.
func (c cache) packages(ctx context.Context, from string, t bench.Target, version string) (string, error) {
	locks, err := source.Digest(from, t.Locks)
	if err != nil {
		return "", fmt.Errorf("%s: read lock files: %w", t.Name, err)
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%q %q %s %s %s %s", t.Prepare, t.Locks, locks, version, runtime.GOOS, runtime.GOARCH))
	dir := filepath.Join(c.dir, "packages", t.Runtime+"-"+hex.EncodeToString(key[:8]))
	unlock, err := lock(ctx, dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(dir, doneMark)); err == nil {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil { // what a broken installation left
		return "", err
	}
	if err := copyFiles(from, dir, t.Locks); err != nil {
		return "", err
	}
	for _, command := range t.Prepare {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir = dir
		endWithGroup(cmd)
		if out, err := cmd.CombinedOutput(); err != nil {
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			return "", &Error{
				Err:  fmt.Errorf("prepare %s: %s: %w", t.Name, strings.Join(command, " "), err),
				Hint: "run it by hand in " + t.Context + " to see more; its packages come from a registry, so the network must allow it",
				Log:  string(out),
			}
		}
	}
	return dir, os.WriteFile(filepath.Join(dir, doneMark), nil, 0o644)
}

// app copies the target's source into a folder of its own, named after its
// contents, and links whatever Prepare made into it.
func (c cache) app(from string, t bench.Target, packages string) (string, error) {
	key := sha256.Sum256([]byte(t.Digest + packages))
	dir := filepath.Join(c.dir, "apps", t.Runtime+"-"+hex.EncodeToString(key[:8]))
	unlock, err := lock(context.Background(), dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(dir, doneMark)); err == nil {
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
	made, err := os.ReadDir(packages)
	if err != nil {
		return "", err
	}
	for _, entry := range made {
		err := os.Symlink(filepath.Join(packages, entry.Name()), filepath.Join(dir, entry.Name()))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	os.Remove(filepath.Join(dir, doneMark)) // the link to the packages' own mark
	return dir, os.WriteFile(filepath.Join(dir, doneMark), nil, 0o644)
}

// lock keeps other processes of bench away from a folder of the cache.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	l := flock.New(dir + ".lock")
	if _, err := l.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return nil, fmt.Errorf("wait for another bench that prepares %s: %w", filepath.Base(dir), err)
	}
	return func() { l.Unlock() }, nil
}

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
