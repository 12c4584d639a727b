package source

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesHonorsDockerignore(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		".dockerignore":           "Dockerfile\nnode_modules\ntest/\n**/*.log\n!keep.log\n",
		"Dockerfile":              "FROM x",
		"a.js":                    "a",
		"node_modules/x/index.js": "x",
		"test/a.test.js":          "t",
		"deep/b.log":              "b",
		"keep.log":                "k",
		"deep/c.js":               "c",
	})
	got, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".dockerignore", "Dockerfile", "a.js", "deep/c.js", "keep.log"}
	if !slices.Equal(got, want) {
		t.Errorf("Files = %v, want %v", got, want)
	}
}

func TestDigestSeesNamesAndContents(t *testing.T) {
	seen := map[string]string{}
	for label, files := range map[string]map[string]string{
		"one":          {"a": "x"},
		"other text":   {"a": "y"},
		"other name":   {"b": "x"},
		"moved border": {"a": "", "x": ""},
	} {
		dir := t.TempDir()
		write(t, dir, files)
		names, err := Files(dir)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := Digest(dir, names)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[digest]; ok {
			t.Errorf("%q and %q have the same digest", label, other)
		}
		seen[digest] = label
	}
}
