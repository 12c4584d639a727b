// Package buildinfo reports which version of this program runs, and how it was built.
package buildinfo

import (
	"runtime/debug"
	"strings"
)

// Versions are those of this program and of vegeta, as the build recorded them.
func Versions() (self, vegeta string) {
	self = "devel"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return self, ""
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		self = v
	}
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			self = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+dirty"
		}
	}
	self += changed
	for _, d := range info.Deps {
		if strings.HasPrefix(d.Path, "github.com/tsenart/vegeta") {
			vegeta = d.Version
		}
	}
	return self, vegeta
}
