package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// generated lists pages that a program writes. Their sentences and lines are not counted.
var generated = []string{"docs/cli.md"}

// chooseFiles returns the named files, or all files that git tracks in the working directory.
func chooseFiles(named []string) ([]string, error) {
	if len(named) > 0 {
		for i, name := range named {
			named[i] = path.Clean(name)
		}
		return named, nil
	}
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		return nil, fmt.Errorf("list the files that git tracks: %w", err)
	}
	var files []string
	for name := range strings.SplitSeq(string(out), "\x00") {
		if _, err := os.Stat(name); name == "" || excluded(name) || err != nil {
			continue // git also lists files that were deleted since the last commit
		}
		files = append(files, name)
	}
	return files, nil
}

// excluded reports whether no check applies to a file: evidence and test data are kept byte for byte.
func excluded(name string) bool {
	return strings.HasPrefix(name, "reports/example/") || strings.Contains(name, "testdata/")
}

func isDocument(name string) bool { return strings.HasSuffix(name, ".md") }

// isCounted reports whether the sentences and lines of a file are counted.
func isCounted(name string) bool { return isDocument(name) && !slices.Contains(generated, name) }

// source is a file that was read.
type source struct {
	path string
	data []byte
}

func readSource(name string) (source, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return source{}, err
	}
	return source{path: name, data: data}, nil
}

// place returns the line and the column of a byte offset, both from 1. Columns count characters.
func (s source) place(offset int) (line, column int) {
	offset = min(offset, len(s.data))
	start := bytes.LastIndexByte(s.data[:offset], '\n') + 1
	return bytes.Count(s.data[:start], []byte("\n")) + 1, utf8.RuneCount(s.data[start:offset]) + 1
}
