// Package source lists the files of a target's build context: those that its
// .dockerignore does not leave out. Docker builds, process runs and the plan's
// digest see the same files through it.
package source

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Files are the regular files below dir that its .dockerignore, if it has one,
// does not leave out: slash-separated paths relative to dir, sorted. As with
// Docker itself, the Dockerfile and the .dockerignore are always among them.
func Files(dir string) ([]string, error) {
	patterns, err := ignored(dir)
	if err != nil {
		return nil, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ".dockerignore"), err)
	}
	var files []string
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out, err := matcher.MatchesOrParentMatches(relative)
		out = out && relative != "Dockerfile" && relative != ".dockerignore"
		switch {
		case err != nil:
			return err
		case entry.IsDir() && out && !matcher.Exclusions():
			return fs.SkipDir
		case entry.Type().IsRegular() && !out:
			files = append(files, filepath.ToSlash(relative))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return files, nil
}

func ignored(dir string) ([]string, error) {
	f, err := os.Open(filepath.Join(dir, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	return ignorefile.ReadAll(f)
}

// Digest is the SHA-256, in hex, of the names, the executable bits and the
// contents of the given files below dir, in the given order.
func Digest(dir string, files []string) (string, error) {
	sum := sha256.New()
	for _, name := range files {
		if err := digestFile(sum, dir, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func digestFile(sum io.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(sum, "%s\x00%t\x00%d\x00", name, info.Mode()&0o100 != 0, info.Size())
	_, err = io.Copy(sum, f)
	return err
}
