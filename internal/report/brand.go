package report

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/claimbench/claimbench/internal/strictyaml"
)

// Brand names the report, its client and its author on the first page.
type Brand struct {
	Title  string `json:"title,omitempty"`
	Client string `json:"client,omitempty"`
	Author string `json:"author,omitempty"`
	// Logo is a file next to the brand file: PNG, JPEG, WebP or SVG. LoadBrand replaces it by the picture
	// itself, as a data URL.
	Logo string `json:"logo,omitempty"`
}

// Limits of a brand, in bytes. The logo is part of every report.
const (
	longestBrandText = 200
	largestLogo      = 512 << 10
)

// LoadBrand reads a brand file with its logo. All errors in it are InputErrors.
func LoadBrand(file string) (*Brand, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b := &Brand{}
	d, err := strictyaml.Decode(file, data, b)
	if err != nil {
		return nil, err
	}
	for _, field := range []struct{ name, text string }{
		{"title", b.Title},
		{"client", b.Client},
		{"author", b.Author},
	} {
		if len(field.text) > longestBrandText {
			return nil, d.Errorf(field.name, "has %d bytes; shorten it to %d, so that it fits the first page",
				len(field.text), longestBrandText)
		}
	}
	if b.Logo != "" {
		if b.Logo, err = loadLogo(d, filepath.Dir(file), b.Logo); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// loadLogo returns the picture as a data URL. A relative name is relative to the folder.
func loadLogo(d *strictyaml.Document, folder, name string) (string, error) {
	if strings.Contains(name, ":") || strings.HasPrefix(name, "//") {
		return "", d.Errorf("logo", "want a file next to this one: a report fetches nothing from elsewhere")
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	picture, err := os.ReadFile(path)
	if err != nil {
		return "", d.Errorf("logo", "%v", err)
	}
	kind := http.DetectContentType(picture)
	if strings.EqualFold(filepath.Ext(path), ".svg") && strings.Contains(string(picture), "<svg") {
		kind = "image/svg+xml"
	}
	switch {
	case len(picture) > largestLogo:
		return "", d.Errorf("logo", "has %d KiB; at most %d are allowed", (len(picture)+1023)>>10, largestLogo>>10)
	case kind != "image/png" && kind != "image/jpeg" && kind != "image/webp" && kind != "image/svg+xml":
		return "", d.Errorf("logo", "is %s; want PNG, JPEG, WebP or SVG", kind)
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(picture), nil
}
