package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/target"
)

// Values of --runner.
const (
	runnerAuto    = "auto"
	runnerDocker  = "docker"
	runnerProcess = "process"
)

// choiceOptions are the flags that decide what a run measures.
type choiceOptions struct {
	plan.Choice
	guide string
}

// choiceFlags are the names of these flags. A resumed run takes none of them.
var choiceFlags = []string{"profile", "guide", "runner", "scenario", "server", "seed", "no-gates"}

func (o *choiceOptions) addFlags(cmd *cobra.Command, p *project, profile, runner string) {
	var profiles []string
	for _, each := range plan.Profiles {
		profiles = append(profiles, each.Name)
	}
	f := cmd.Flags()
	f.StringVar(&o.Profile, "profile", profile,
		"`profile` that sets how much is measured: "+alternatives(profiles))
	f.StringVar(&o.guide, "guide", "", "`guide` to judge: a file, or a name in claims/ (default: the only one there)")
	o.Runner = runner
	f.Var(newChoiceFlag(&o.Runner, runnerAuto, runnerDocker, runnerProcess), "runner",
		"how to start servers; auto uses Docker if an engine answers")
	f.StringSliceVar(&o.Scenarios, "scenario", nil, "measure only these `scenarios`; may be repeated")
	f.StringSliceVar(&o.Targets, "server", nil, "measure only these `servers`; may be repeated")
	f.Uint64Var(&o.Seed, "seed", 1, "`number` that sets the order of trials and arrivals")
	f.BoolVar(&o.NoGates, "no-gates", false,
		"count phases even if the load generator was at fault; the run is then void as evidence")
	renameFlag(cmd, "claims", "guide")
	renameFlag(cmd, "target", "server")
	renameFlag(cmd, "ungated", "no-gates")
	completeWords(cmd, "profile", profiles...)
	completeWords(cmd, "runner", runnerAuto, runnerDocker, runnerProcess)
	completeNames(cmd, "scenario", p, func() (names []string) {
		for _, s := range p.scenarios {
			names = append(names, s.Name)
		}
		return names
	})
	completeNames(cmd, "server", p, func() (names []string) {
		for _, t := range p.catalogue.Targets {
			names = append(names, t.Name)
		}
		return names
	})
}

// planned is a plan, and the project that it is of.
type planned struct {
	root    string // the project's folder
	plan    *bench.Plan
	encoded []byte // plan.json
}

// plan returns the plan of the choice.
func (o *choiceOptions) plan(ctx context.Context, p *project) (*planned, error) {
	root, err := p.load(ctx)
	if err != nil {
		return nil, err
	}
	guide, err := p.guide(root, o.guide)
	if err != nil {
		return nil, err
	}
	choice := o.Choice
	choice.Cores = cpuset.Allowed().Cores()
	if choice.Runner == runnerAuto {
		choice.Runner = runnerProcess
		if _, err := target.DockerAnswers(ctx); err == nil {
			choice.Runner = runnerDocker
		}
	}
	made, err := plan.New(choice, p.catalogue, p.scenarios, guide)
	if err != nil {
		return nil, err
	}
	encoded, err := plan.Encode(made)
	if err != nil {
		return nil, err
	}
	return &planned{root: root, plan: made, encoded: encoded}, nil
}
