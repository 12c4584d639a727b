package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// Lines of the help's section on exit codes.
const (
	statusDone  = "0  the command succeeded"
	statusError = "1  an error occurred"
	statusInput = "2  a flag, an argument or a file is not valid"
	statusFile  = "2  a flag, an argument or a run directory is not valid"
	statusClaim = "3  a claim has a verdict that --fail-on names"
	statusWord  = "3  a figure has a word that --fail-on names"
	statusNamed = "3  a claim or a figure has a result that --fail-on names"
	statusVoid  = "4  the run has an evidence profile, but is void as evidence"
)

// exitStatus is the annotation of a command that holds the lines of this section.
const exitStatus = "exit status"

// withExitStatus adds a section with the command's exit codes to the help.
func withExitStatus(cmd *cobra.Command, codes ...string) *cobra.Command {
	cmd.DisableAutoGenTag = true
	cmd.Annotations = map[string]string{exitStatus: "  " + strings.Join(codes, "\n  ")}
	return cmd
}

// usageTemplate returns cobra's template of the help, with the exit codes after the flags, and with lines of
// flags that fit a terminal.
func usageTemplate(standard string) string {
	const after = "{{if .HasHelpSubCommands}}"
	section := `{{with index .Annotations "` + exitStatus + `"}}

Exit status:
{{.}}{{end}}`
	if !strings.Contains(standard, after) {
		panic("cobra has another template of the help")
	}
	return strings.NewReplacer(after, section+after, ".FlagUsages", ".FlagUsagesWrapped 100").Replace(standard)
}

// describeAdded adds examples, exit codes and checks of arguments to the commands that cobra adds: help and
// completion.
func describeAdded(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Example = "  bench help run"
			cmd.Args = func(_ *cobra.Command, args []string) error { return knownCommand(root, args) }
		case "completion":
			cmd.Example = "  bench completion bash > bench.bash\n  bench completion zsh --help"
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		default:
			continue
		}
		for _, each := range append(cmd.Commands(), cmd) {
			if each.Name() != "help" { // its error is better already
				each.Args = checkedArguments(each.Args)
			}
			withExitStatus(each, statusDone, statusError, statusInput)
		}
	}
}
