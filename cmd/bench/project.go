package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
)

// project is the folder with the catalogue, the scenarios and the claims.
type project struct {
	dir       string // as given; empty if root is to find it
	catalogue *plan.Catalogue
	scenarios []bench.Scenario
}

// root returns the project's folder: the one given, or else the nearest from here upwards.
func (p *project) root() (string, error) {
	if p.dir != "" {
		if _, err := os.Stat(filepath.Join(p.dir, plan.ComposeFile)); err != nil {
			return "", advice.BadInput("pass the folder that has docker-compose.yml with -C",
				"%s is not a project folder: %w", p.dir, err)
		}
		return filepath.Abs(p.dir)
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, plan.ComposeFile)); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", advice.BadInput("run bench in a clone of claimbench, or pass one with -C",
				"there is no %s in %s or in a folder above it", plan.ComposeFile, here)
		}
	}
}

// load reads the catalogue and the scenarios.
func (p *project) load(ctx context.Context) (root string, err error) {
	if root, err = p.root(); err != nil {
		return "", err
	}
	if p.catalogue, err = plan.LoadCatalogue(ctx, root); err != nil {
		return "", err
	}
	p.scenarios, err = plan.LoadScenarios(filepath.Join(root, "scenarios"), p.catalogue)
	return root, err
}

// guideFiles returns the files in claims/.
func guideFiles(root string) ([]string, error) {
	return filepath.Glob(filepath.Join(root, "claims", "*.yaml"))
}

// guide reads a guide: a file, a name in claims/, or the only one there if name is empty.
func (p *project) guide(root, name string) (bench.Guide, error) {
	file := name
	switch {
	case name == "":
		all, err := guideFiles(root)
		if err != nil {
			return bench.Guide{}, err
		}
		if len(all) != 1 {
			return bench.Guide{}, advice.BadInput("choose one with --guide; bench list shows them",
				"claims/ has %d guides, and a run judges one", len(all))
		}
		file = all[0]
	case !strings.ContainsAny(name, "./\\"):
		file = filepath.Join(root, "claims", name+".yaml")
	}
	if _, err := os.Stat(file); err != nil {
		return bench.Guide{}, advice.BadInput("bench list shows the guides in claims/", "read the guide: %w", err)
	}
	return plan.LoadGuide(file, p.catalogue, p.scenarios)
}
