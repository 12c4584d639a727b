package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/strictyaml"
)

func TestLoadBrand(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"logo.png":  []byte("\x89PNG\r\n\x1a\n\x00"),
		"large.png": append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{1}, largestLogo)...),
		"logo.svg":  []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"),
		"page.svg":  []byte("<html></html>"),
		"page.html": []byte("<!doctype html><script>alert(1)</script>"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{ // the start of the logo, or the problem
		"title: T\nlogo: logo.png":           "data:image/png;base64,",
		"logo: logo.svg":                     "data:image/svg+xml;base64,",
		"logo: https://example.com/logo.png": "logo: want a file next to this one: a report fetches nothing from elsewhere",
		"logo: //example.com/logo.png":       "logo: want a file next to this one: a report fetches nothing from elsewhere",
		"logo: data:image/png;base64,AA==":   "logo: want a file next to this one: a report fetches nothing from elsewhere",
		"logo: large.png":                    "logo: has 513 KiB; at most 512 are allowed",
		"logo: page.svg":                     "logo: is text/html; charset=utf-8; want PNG, JPEG, WebP or SVG",
		"logo: page.html":                    "logo: is text/html; charset=utf-8; want PNG, JPEG, WebP or SVG",
		"logo: nowhere.png":                  "no such file",
		"title: " + strings.Repeat("x", 201): "title: has 201 bytes",
		"name: x":                            "name: unknown field",
		"":                                   "want one YAML document",
	} {
		file := filepath.Join(dir, "brand.yaml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		b, err := LoadBrand(file)
		var input *strictyaml.InputError
		switch {
		case err == nil && !strings.HasPrefix(b.Logo, want):
			t.Errorf("%.40q: logo is %.40q, want %q", text, b.Logo, want)
		case err != nil && (!errors.As(err, &input) || !strings.Contains(err.Error(), want)):
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}
