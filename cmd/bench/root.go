package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/buildinfo"
)

// Groups of commands in the help.
const (
	groupMeasure = "measure"
	groupOneRun  = "one-run"
	groupRuns    = "runs"
	groupLoad    = "load"
	groupOther   = "other"
)

// globalOptions are the flags of every command.
type globalOptions struct {
	project project
	quiet   bool
	verbose bool
	color   string
}

func (g *globalOptions) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&g.project.dir, "project", "C", "",
		"project `folder`, which has docker-compose.yml (default: this folder or one above it)")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "print no progress; verify, report and sign print errors only")
	f.BoolVarP(&g.verbose, "verbose", "v", false, "print every step, comparison and file")
	g.color = colorAuto
	f.Var(newChoiceFlag(&g.color, colorAuto, colorAlways, colorNever), "color",
		"color the signs of verdicts; auto does so on a terminal, unless NO_COLOR is set")
	must(root.MarkPersistentFlagDirname("project"))
	completeWords(root, "color", colorAuto, colorAlways, colorNever)
}

func (g *globalOptions) check() error {
	if g.quiet && g.verbose {
		return advice.BadInput("use one of them", "--quiet and --verbose cannot be combined")
	}
	return nil
}

// newRoot returns the command with all its parts.
func newRoot(stdout, stderr io.Writer) *cobra.Command {
	g := &globalOptions{}
	root := withExitStatus(&cobra.Command{
		Use:   "bench",
		Short: "Put published performance claims on trial",
		Long: `bench starts real servers, loads them, and judges each claim of a published guide.
Every verdict comes with its evidence.

Start with "bench demo", which needs no Docker. To measure for evidence, run "bench run".`,
		Example:           "  bench demo\n  bench run --profile quick --scenario json\n  bench judge reports/example",
		Version:           buildinfo.Read().Version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              knownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error { return g.check() },
	}, statusDone, statusError, statusInput, statusNamed, statusVoid)
	root.SuggestionsMinimumDistance = 2
	cobra.EnableCommandSorting = false // a group lists its commands in the order of use
	root.SetUsageTemplate(usageTemplate(root.UsageTemplate()))
	root.SetVersionTemplate("bench {{.Version}}\n")
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return advice.BadInput(fmt.Sprintf("see %s --help", cmd.CommandPath()), "%w", err)
	})
	g.addFlags(root)
	root.AddGroup(
		&cobra.Group{ID: groupMeasure, Title: "Measure:"},
		&cobra.Group{ID: groupOneRun, Title: "One run:"},
		&cobra.Group{ID: groupRuns, Title: "Many runs:"},
		&cobra.Group{ID: groupLoad, Title: "Load generator:"},
		&cobra.Group{ID: groupOther, Title: "Other:"},
	)
	addTo(root, groupMeasure, newDemo(g), newRun(g), newPlan(g), newDoctor(g), newList(g))
	addTo(root, groupOneRun, newReport(g), newJudge(g), newVerify(g), newSign(g))
	addTo(root, groupRuns, newMerge(), newCompare(), newTrend())
	addTo(root, groupLoad, newLoad(), newCalibrate(g), newServe())
	addTo(root, groupOther, newVersion())
	root.SetHelpCommandGroupID(groupOther)
	root.SetCompletionCommandGroupID(groupOther)
	describeAdded(root)
	return root
}

// addTo adds the commands to a group of the help. They keep the order of the list.
func addTo(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, cmd := range commands {
		cmd.GroupID = group
		cmd.Args = checkedArguments(cmd.Args)
		root.AddCommand(cmd)
	}
}

// checkedArguments makes wrong arguments bad input.
func checkedArguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return advice.BadInput("usage: "+cmd.UseLine(), "%s: wrong number of arguments: %d", cmd.Name(), len(args))
		}
		return nil
	}
}

// knownCommand rejects the name of a command that does not exist.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see bench --help"
	if similar := root.SuggestionsFor(args[0]); len(similar) > 0 {
		hint = fmt.Sprintf("did you mean bench %s? %s", similar[0], hint)
	}
	return advice.BadInput(hint, "unknown command %q", args[0])
}
