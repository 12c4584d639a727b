package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module    = "github.com/claimbench/claimbench"
	internals = module + "/internal/"
)

// layerRow finds a row of the table of layers in ARCHITECTURE.md.
var layerRow = regexp.MustCompile("(?m)^\\| ([0-9]+) \\| (`[^|]*`) \\|$")

// architecture reads the packages of each layer from ARCHITECTURE.md. A package imports lower layers only,
// never its own.
func architecture(t *testing.T) (layers [][]string) {
	t.Helper()
	data, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "\n## Layers\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, row := range layerRow.FindAllStringSubmatch(section, -1) {
		if row[1] != strconv.Itoa(len(layers)) {
			t.Fatalf("ARCHITECTURE.md: the row of layer %s stands where that of layer %d should be", row[1], len(layers))
		}
		names := strings.Split(strings.ReplaceAll(row[2], "`", ""), ", ")
		if !slices.IsSorted(names) {
			t.Errorf("ARCHITECTURE.md: the packages of layer %s are not sorted", row[1])
		}
		layers = append(layers, names)
	}
	if len(layers) < 2 {
		t.Fatalf("ARCHITECTURE.md has a table of %d layers", len(layers))
	}
	return layers
}

// layersByPackage returns the layer of each package.
func layersByPackage(t *testing.T, layers [][]string) map[string]int {
	t.Helper()
	of := map[string]int{}
	for layer, names := range layers {
		for _, name := range names {
			if other, twice := of[name]; twice {
				t.Errorf("ARCHITECTURE.md: package %s is in layers %d and %d", name, other, layer)
			}
			of[name] = layer
		}
	}
	return of
}

func TestLayers(t *testing.T) {
	layerOf := layersByPackage(t, architecture(t))
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, internals+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	exist := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], internals)
		if strings.HasSuffix(name, "test") { // a package for tests
			continue
		}
		exist[name] = true
		layer, ok := layerOf[name]
		if !ok {
			t.Errorf("package %s has no layer in ARCHITECTURE.md", name)
		}
		for _, imported := range fields[1:] {
			other, own := strings.CutPrefix(imported, internals)
			if below, known := layerOf[other]; own && (!known || below >= layer) {
				t.Errorf("%s (layer %d) imports %s (layer %d)", name, layer, other, below)
			}
			if name == "bench" && !own && strings.Contains(imported, ".") {
				t.Errorf("bench imports %s: only the standard library may", imported)
			}
			if name == "bench" && own && other != "text" {
				t.Errorf("bench imports %s: of our packages, only text may", imported)
			}
		}
	}
	for name := range layerOf {
		if !exist[name] {
			t.Errorf("ARCHITECTURE.md: package %s does not exist", name)
		}
	}
}

// The linters enforce the layers of ARCHITECTURE.md: this test writes their rules, with -update.
func TestLinterRulesOfLayers(t *testing.T) {
	const (
		file  = "../../.golangci.yml"
		first = "        # The rules of the layers start here.\n"
		last  = "        # The rules of the layers end here.\n"
	)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, started := strings.Cut(string(data), first)
	_, after, ended := strings.Cut(rest, last)
	if !started || !ended {
		t.Fatalf("%s has no lines %q and %q", file, first, last)
	}
	golden(t, file, before+first+linterRules(architecture(t))+last+after)
}

// linterRules returns a rule of depguard for each layer.
func linterRules(layers [][]string) string {
	var b strings.Builder
	var lower []string
	for layer, names := range layers {
		fmt.Fprintf(&b, "        layer-%d:\n          list-mode: lax\n          files:\n", layer)
		if layer == 0 { // a new package counts as one of layer 0, until the table names it
			b.WriteString("            - \"**/internal/**/*.go\"\n")
			for _, higher := range layers[1:] {
				fmt.Fprintf(&b, "            - \"!%s\"\n", goFiles(higher))
			}
			b.WriteString("            - \"!**/internal/**/*test/**\" # helpers of tests, such as recordtest\n")
		} else {
			fmt.Fprintf(&b, "            - %q\n", goFiles(names))
		}
		b.WriteString("            - \"!$test\"\n")
		if len(lower) > 0 {
			b.WriteString("          allow:\n")
		}
		slices.Sort(lower)
		for _, name := range lower {
			fmt.Fprintf(&b, "            - %s%s$\n", internals, name)
		}
		fmt.Fprintf(&b, "          deny:\n            - pkg: %s\n", module)
		fmt.Fprintf(&b, "              desc: a package of layer %d imports lower layers only\n", layer)
		lower = append(lower, names...)
	}
	return b.String()
}

// goFiles returns the pattern of the files of packages.
func goFiles(packages []string) string {
	names := packages[0]
	if len(packages) > 1 {
		names = "{" + strings.Join(packages, ",") + "}"
	}
	return path.Join("**/internal", names, "*.go")
}

// TestDockerClientHasOneUser keeps the Docker engine's API behind one file.
func TestDockerClientHasOneUser(t *testing.T) {
	pattern := "^	\"github.com/docker/docker/client\""
	users, err := exec.Command("grep", "-rl", "--include=*.go", pattern, "../..").Output()
	if got := strings.Fields(string(users)); err != nil || len(got) != 1 {
		t.Errorf("one file may import the Docker client, but %q do (%v)", got, err)
	}
}
