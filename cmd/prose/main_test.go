package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// enter makes a folder with the files, and makes it the working directory.
func enter(t *testing.T, files map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
}

func track(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
}

// check runs the command and compares its exit code and what it prints.
func check(t *testing.T, args []string, code int, want string) {
	t.Helper()
	var stdout, stderr strings.Builder
	if got := run(args, &stdout, &stderr); got != code {
		t.Errorf("exit code %d, want %d: %s", got, code, stderr.String())
	}
	if code == exitFailed {
		if stdout.Len() > 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("got %q and %q, want %q", stdout.String(), stderr.String(), want)
		}
		return
	}
	if got := stdout.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCounts(t *testing.T) {
	enter(t, map[string]string{
		"good.md":              "This has four words. So has this one.\n",
		"bad.md":               "One " + strings.Repeat("and one ", 14) + "more.\n",
		"docs/cli.md":          strings.Repeat("Generated pages are not counted ", 9),
		"reports/example/x.md": strings.Repeat("Nor is evidence ", 20),
		"claims/x.yaml":        "claims: [{quotes: [{quote: A quote of six words here}]}]\n",
		"quoted.md":            "A quote of six words here\n",
		"LICENSE":              "Not a document.\n",
	})
	track(t)
	check(t, []string{"good.md"}, exitClean, `document  sentences   mean  longest  over 25  over 35  over 100
good.md           2    4.0        4        0        0         0
total             2    4.0        4        0        0         0
`)
	check(t, nil, exitFindings, `document   sentences   mean  longest  over 25  over 35  over 100
bad.md             1   30.0       30        1        0         1
good.md            2    4.0        4        0        0         0
quoted.md          0    0.0        0        0        0         0
total              3   12.7       30        1        0         1

bad.md: a mean of 30.00 words a sentence, at most 16
bad.md:1: 121 columns, at most 100: "One and one and one and one and one and one and one and one ..."
`)
	check(t, []string{"--list", "2"}, exitClean, "bad.md:1: 30 words: One "+strings.Repeat("and one ", 14)+
		"more.\ngood.md:1: 4 words: This has four words.\n")
}

func TestPatterns(t *testing.T) {
	enter(t, map[string]string{
		"x.md":                 "It is judged anew.\n",
		"docs/cli.md":          "It has ended.\n",
		"reports/example/x.md": "It is judged anew.\n",
		"testdata/x.md":        "It is judged anew.\n",
		"good.go":              "package good\n",
	})
	track(t)
	check(t, []string{"--patterns", "good.go"}, exitClean, "")
	check(t, []string{"--patterns"}, exitFindings, `docs/cli.md:1:4: found "has ended": write "finished, exited, closed"
x.md:1:14: found "anew": write "again"

     2  found in all
     1  finish
     1  anew
`)
}

func TestFailures(t *testing.T) {
	enter(t, map[string]string{"bad.go": "package", "claims/x.yaml": "claims: 3\n"})
	check(t, []string{"--unknown"}, exitFailed, "usage: prose")
	check(t, []string{"--list", "-1"}, exitFailed, "usage: prose")
	check(t, []string{"--list", "1", "--patterns"}, exitFailed, "usage: prose")
	check(t, []string{"x.md"}, exitFailed, "read the quotes of claims/x.yaml")
	if err := os.Remove("claims/x.yaml"); err != nil {
		t.Fatal(err)
	}
	check(t, []string{"missing.md"}, exitFailed, "missing.md")
	check(t, []string{"--patterns", "bad.go"}, exitFailed, "bad.go")
	t.Setenv("GIT_DIR", "/dev/null")
	check(t, nil, exitFailed, "list the files that git tracks")
	check(t, []string{"--help"}, exitClean, "")
}
