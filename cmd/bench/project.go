package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/target"
)

// project is the folder with the catalogue, the scenarios and the claims.
type project struct {
	dir       string // as given; found by root
	catalogue *plan.Catalogue
	scenarios []bench.Scenario
}

// root is the project's folder: the one given, or the nearest from here upwards.
func (p *project) root() (string, error) {
	if p.dir != "" {
		if _, err := os.Stat(filepath.Join(p.dir, plan.ComposeFile)); err != nil {
			return "", badInput("-C names the folder that has docker-compose.yml", "%w", err)
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
			return "", badInput("run bench in a clone of claimbench, or name one with -C",
				"no %s here or in a folder above", plan.ComposeFile)
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

// guides are the files in claims/.
func guides(root string) ([]string, error) {
	return filepath.Glob(filepath.Join(root, "claims", "*.yaml"))
}

// guide reads the claims: the file given, one in claims/ by its name, or the only one there.
func (p *project) guide(root, name string) (bench.Guide, error) {
	all, err := guides(root)
	if err != nil {
		return bench.Guide{}, err
	}
	file := name
	if name == "" {
		if len(all) != 1 {
			return bench.Guide{}, badInput("choose one with --claims", "claims/ has %d guides", len(all))
		}
		file = all[0]
	} else if !strings.ContainsAny(name, "./\\") {
		file = filepath.Join(root, "claims", name+".yaml")
	}
	if _, err := os.Stat(file); err != nil {
		return bench.Guide{}, badInput("bench list shows the guides in claims/", "%w", err)
	}
	return plan.LoadGuide(file, p.catalogue, p.scenarios)
}

// choice are the flags that decide what is run.
type choice struct {
	plan.Choice
	claims string
}

func (c *choice) flags(cmd *cobra.Command, p *project, profile, runner string) {
	f := cmd.Flags()
	f.StringVar(&c.Profile, "profile", profile, "how much is measured: demo, quick, ci or evidence")
	f.StringVar(&c.claims, "claims", "", "guide to judge: a file, or a name in claims/ (default: the only one)")
	f.StringVar(&c.Runner, "runner", runner, "how servers are started: auto (Docker where an engine answers), docker or process")
	f.StringSliceVar(&c.Scenarios, "scenario", nil, "run only these scenarios")
	f.StringSliceVar(&c.Targets, "target", nil, "run only these servers")
	f.Uint64Var(&c.Seed, "seed", 1, "seed of the order of trials and of arrivals")
	f.BoolVar(&c.NoGates, "ungated", false, "count trials even where the instrument was at fault; the run is void as evidence")
	cmd.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions([]string{"demo", "quick", "ci", "evidence"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("runner", cobra.FixedCompletions([]string{"auto", "docker", "process"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("scenario", p.complete(func() (names []string) {
		for _, s := range p.scenarios {
			names = append(names, s.Name)
		}
		return names
	}))
	cmd.RegisterFlagCompletionFunc("target", p.complete(func() (names []string) {
		for _, t := range p.catalogue.Targets {
			names = append(names, t.Name)
		}
		return names
	}))
}

// complete offers names of the project to the shell.
func (p *project) complete(names func() []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if _, err := p.load(cmd.Context()); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names(), cobra.ShellCompDirectiveNoFileComp
	}
}

// plan makes the plan of the choice, and its encoded form.
func (c *choice) plan(ctx context.Context, p *project) (root string, made *bench.Plan, encoded []byte, err error) {
	if root, err = p.load(ctx); err != nil {
		return
	}
	guide, err := p.guide(root, c.claims)
	if err != nil {
		return
	}
	switch c.Runner {
	case "docker", "process":
	case "auto":
		c.Runner = "process"
		if _, err := target.DockerAnswers(ctx); err == nil {
			c.Runner = "docker"
		}
	default:
		err = badInput("known are auto, docker and process", "unknown runner %q", c.Runner)
		return
	}
	c.Cores = cpuset.Allowed().Cores()
	if made, err = plan.New(c.Choice, p.catalogue, p.scenarios, guide); err != nil {
		return
	}
	encoded, err = plan.Encode(made)
	return
}
