package main

import (
	"os/exec"
	"strings"
	"testing"
)

// floors of the house: a package imports lower floors only, never its own.
var floors = map[string]int{
	"bench": 0, "browser": 0, "cgroup": 0, "cpuset": 0, "source": 0, "timer": 0, "wire": 0,
	"inference": 1, "plan": 1, "target": 1, "load": 1, "record": 1, "reference": 1,
	"calibrate": 2, "service": 2, "judge": 2, "report": 2, "live": 2, "merge": 2, "seal": 2, "trend": 2,
	"run": 3,
}

func TestHouse(t *testing.T) {
	const prefix = "github.com/claimbench/claimbench/internal/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, prefix+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], prefix)
		if strings.HasSuffix(name, "test") { // a package for tests
			continue
		}
		floor, ok := floors[name]
		if !ok {
			t.Errorf("package %s has no floor", name)
		}
		for _, imported := range fields[1:] {
			other, own := strings.CutPrefix(imported, prefix)
			if own && floors[other] >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, floor, other, floors[other])
			}
			if name == "bench" && strings.Contains(imported, ".") {
				t.Errorf("bench imports %s: only the standard library may", imported)
			}
		}
	}
	users, err := exec.Command("grep", "-rl", "--include=*.go", "^	\"github.com/docker/docker/client\"", "../..").Output()
	if got := strings.Fields(string(users)); err != nil || len(got) != 1 {
		t.Errorf("the Docker client is to be imported by one file, but is by %q (%v)", got, err)
	}
}
