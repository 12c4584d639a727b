package main

import (
	"os/exec"
	"strings"
	"testing"
)

// layers lists the packages of each layer. A package imports lower layers only, never its own.
var layers = [][]string{
	{"advice", "browser", "buildinfo", "cgroup", "cpuset", "process", "source", "text", "timer", "wire"},
	{"bench"},
	{"inference", "load/drive", "metric", "slo", "strictyaml"},
	{"plan", "target", "load", "load/stream", "record", "reference"},
	{"loadreport", "service", "judge", "report", "live", "compare", "sign"},
	{"calibrate", "rejudge", "runner"},
	{"session"},
}

func layerOf(name string) (int, bool) {
	for layer, names := range layers {
		for _, n := range names {
			if n == name {
				return layer, true
			}
		}
	}
	return 0, false
}

func TestLayers(t *testing.T) {
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
		layer, ok := layerOf(name)
		if !ok {
			t.Errorf("package %s has no layer", name)
		}
		for _, imported := range fields[1:] {
			other, own := strings.CutPrefix(imported, prefix)
			if below, _ := layerOf(other); own && below >= layer {
				t.Errorf("%s (layer %d) imports %s (layer %d)", name, layer, other, below)
			}
			if name == "bench" && !own && strings.Contains(imported, ".") {
				t.Errorf("bench imports %s: only the standard library may", imported)
			}
		}
	}
}

// TestDockerClientHasOneUser keeps the Docker engine's API behind one file.
func TestDockerClientHasOneUser(t *testing.T) {
	pattern := "^	\"github.com/docker/docker/client\""
	users, err := exec.Command("grep", "-rl", "--include=*.go", pattern, "../..").Output()
	if got := strings.Fields(string(users)); err != nil || len(got) != 1 {
		t.Errorf("one file may import the Docker client, but %q do (%v)", got, err)
	}
}
