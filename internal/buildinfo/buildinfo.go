// Package buildinfo reports which version of this program runs and how it was built.
package buildinfo

import (
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// version is the version of a release, such as "v1.2.3". Release builds set it:
//
//	go build -ldflags "-X github.com/claimbench/claimbench/internal/buildinfo.version=v1.2.3" ./cmd/bench
var version string

// vegeta is the path of the module of vegeta, up to its major version.
const vegeta = "github.com/tsenart/vegeta"

// revisionDigits is how many digits of a revision a version has.
const revisionDigits = 12

// Info describes a build of this program. Fields that the build did not record are empty.
type Info struct {
	// Version is the version of a release. For any other build it is the first 12 digits of the
	// revision, with "+dirty" if files were changed. Without a revision it is the version of the
	// module, as go install records it, or "devel".
	Version  string    `json:"version"`
	Revision string    `json:"revision,omitempty"` // full commit hash
	Modified bool      `json:"modified"`           // files differed from the revision
	Time     time.Time `json:"time,omitzero"`      // of the revision, in UTC
	Go       string    `json:"go"`                 // version of the Go toolchain
	Vegeta   string    `json:"vegeta,omitempty"`   // version of the module
	OS       string    `json:"os"`                 // GOOS
	Arch     string    `json:"arch"`               // GOARCH
}

// Read returns the description of this build.
func Read() Info {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}
	return read(build, version)
}

func read(build *debug.BuildInfo, release string) Info {
	i := Info{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Revision = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		case "vcs.time":
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				i.Time = t.UTC()
			}
		}
	}
	for _, d := range build.Deps {
		if strings.HasPrefix(d.Path, vegeta) {
			i.Vegeta = d.Version
		}
	}
	i.Version = release
	if release == "" {
		i.Version = i.development(build.Main.Version)
	}
	return i
}

// development returns the version of a build that is not a release.
func (i Info) development(module string) string {
	v := "devel"
	switch {
	case i.Revision != "":
		v = i.Revision[:min(revisionDigits, len(i.Revision))]
	case module != "" && module != "(devel)":
		v = module
	}
	if i.Modified {
		v += "+dirty"
	}
	return v
}
