// Package source lists the files of a build context, which are those that its .dockerignore does
// not leave out. Docker builds, process runs and the digest in a plan use the same list.
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

// Files returns the regular files below dir that its .dockerignore, if it has one, does not leave
// out. Their paths are relative to dir, with slashes, in lexical order within each folder. As with
// Docker, the Dockerfile and the .dockerignore are always among them.
func Files(dir string) ([]string, error) {
	patterns, err := ignorePatterns(dir)
	if err != nil {
		return nil, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, ".dockerignore"), err)
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
		ignored, err := matcher.MatchesOrParentMatches(relative)
		ignored = ignored && relative != "Dockerfile" && relative != ".dockerignore"
		switch {
		case err != nil:
			return err
		case entry.IsDir() && ignored && !matcher.Exclusions():
			return fs.SkipDir
		case entry.Type().IsRegular() && !ignored:
			files = append(files, filepath.ToSlash(relative))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return files, nil
}

// ignorePatterns returns the lines of the folder's .dockerignore, nil if it has none.
func ignorePatterns(dir string) ([]string, error) {
	f, err := os.Open(filepath.Join(dir, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return ignorefile.ReadAll(f)
}

// Digest returns the SHA-256, in hex, of the names, sizes, contents and owner's executable bits of
// the files below dir. Their order counts.
func Digest(dir string, files []string) (string, error) {
	sum := sha256.New()
	for _, name := range files {
		if err := addFile(sum, dir, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addFile writes what Digest covers of one file to sum.
func addFile(sum io.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	executable := info.Mode()&0o100 != 0
	if _, err := fmt.Fprintf(sum, "%s\x00%t\x00%d\x00", name, executable, info.Size()); err != nil {
		return err
	}
	_, err = io.Copy(sum, f)
	return err
}
