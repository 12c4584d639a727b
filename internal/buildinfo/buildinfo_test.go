package buildinfo

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

const revision = "0123456789abcdef0123456789abcdef01234567"

// settings returns build settings of the given keys and values, in turn.
func settings(pairs ...string) (list []debug.BuildSetting) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
	}
	return list
}

func TestVersion(t *testing.T) {
	checkout := settings("vcs.revision", revision, "vcs.modified", "false")
	dirty := settings("vcs.revision", revision, "vcs.modified", "true")
	for _, c := range []struct {
		name     string
		module   string
		settings []debug.BuildSetting
		release  string
		want     string
	}{
		{"nothing recorded", "", nil, "", "devel"},
		{"no version control", "(devel)", nil, "", "devel"},
		{"changed, without a revision", "(devel)", settings("vcs.modified", "true"), "", "devel+dirty"},
		{"go install", "v1.2.3", nil, "", "v1.2.3"},
		{"checkout", "v0.0.0-20260102030405-0123456789ab", checkout, "", "0123456789ab"},
		{"changed checkout", "v0.0.0-20260102030405-0123456789ab+dirty", dirty, "", "0123456789ab+dirty"},
		{"short revision", "", settings("vcs.revision", "0123"), "", "0123"},
		{"release", "v0.0.0-20260102030405-0123456789ab", checkout, "v1.2.3", "v1.2.3"},
		{"release without version control", "(devel)", nil, "v1.2.3", "v1.2.3"},
		{"release of a changed checkout", "", dirty, "v1.2.3", "v1.2.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			build := &debug.BuildInfo{Main: debug.Module{Version: c.module}, Settings: c.settings}
			if got := read(build, c.release).Version; got != c.want {
				t.Errorf("version is %q, want %q", got, c.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	got := read(&debug.BuildInfo{
		Deps: []*debug.Module{
			{Path: "github.com/other/vegeta", Version: "v9.0.0"},
			{Path: "github.com/tsenart/vegeta/v12", Version: "v12.1.0"},
		},
		Settings: settings("vcs.revision", revision, "vcs.modified", "true", "vcs.time", "2026-01-02T03:04:05+01:00"),
	}, "")
	want := Info{
		Version:  "0123456789ab+dirty",
		Revision: revision,
		Modified: true,
		Time:     time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC),
		Go:       runtime.Version(),
		Vegeta:   "v12.1.0",
		OS:       runtime.GOOS,
		Arch:     runtime.GOARCH,
	}
	if got != want {
		t.Errorf("info is %+v, want %+v", got, want)
	}
}

func TestJSONLeavesOutWhatIsNotRecorded(t *testing.T) {
	data, err := json.Marshal(Info{Version: "devel", Go: "go1", OS: "linux", Arch: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"version":"devel","modified":false,"go":"go1","os":"linux","arch":"amd64"}`
	if string(data) != want {
		t.Errorf("JSON is %s, want %s", data, want)
	}
}

// This test's own build has a version, whatever was recorded.
func TestReadThisBuild(t *testing.T) {
	if got := Read(); got.Version == "" || got.Go == "" {
		t.Errorf("info is %+v", got)
	}
}
