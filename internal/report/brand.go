package report

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/claimbench/claimbench/internal/strictyaml"
)

// Brand is whose report it is: what a person may put on its first page.
type Brand struct {
	Title  string `json:"title,omitempty"`
	Client string `json:"client,omitempty"`
	Author string `json:"author,omitempty"`
	// Logo is a file beside the brand's own: PNG, JPEG, WebP or SVG. Once it was read, it is the picture
	// itself, as a data URL.
	Logo string `json:"logo,omitempty"`
}

// largestLogo is the most that a logo may have, in bytes: it is part of every report.
const largestLogo = 512 << 10

// LoadBrand reads a brand file, with its logo. All errors in it are InputErrors.
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
	for field, text := range map[string]string{"title": b.Title, "client": b.Client, "author": b.Author} {
		if len(text) > 200 {
			return nil, d.Errorf(field, "has %d bytes; 200 are the most that a first page has room for", len(text))
		}
	}
	if b.Logo == "" {
		return b, nil
	}
	if strings.Contains(b.Logo, ":") || strings.HasPrefix(b.Logo, "//") {
		return nil, d.Errorf("logo", "want a file beside this one: a report fetches nothing from elsewhere")
	}
	path := b.Logo
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	picture, err := os.ReadFile(path)
	if err != nil {
		return nil, d.Errorf("logo", "%v", err)
	}
	kind := http.DetectContentType(picture)
	if strings.EqualFold(filepath.Ext(path), ".svg") && strings.Contains(string(picture), "<svg") {
		kind = "image/svg+xml"
	}
	switch {
	case len(picture) > largestLogo:
		return nil, d.Errorf("logo", "has %d KiB; %d are the most", len(picture)>>10, largestLogo>>10)
	case kind != "image/png" && kind != "image/jpeg" && kind != "image/webp" && kind != "image/svg+xml":
		return nil, d.Errorf("logo", "is %s; want PNG, JPEG, WebP or SVG", kind)
	}
	b.Logo = "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(picture)
	return b, nil
}
