package record

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Sums returns the SHA-256, in hex, of every file of evidence, by its path in the directory.
func Sums(dir string) (map[string]string, error) {
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case name == ManifestFile, name == lockFile, derived(name):
			return nil
		case !entry.Type().IsRegular():
			return &Difference{File: filepath.ToSlash(name), Problem: "is not a regular file"}
		}
		sums[filepath.ToSlash(name)], err = Sum(path)
		return err
	})
	return sums, err
}

// Sum returns the SHA-256 of a file, in hex.
func Sum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // only read
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
