package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// Lines of a help's EXIT STATUS section.
const (
	statusDone  = "0  the command succeeded"
	statusError = "1  an error occurred"
	statusInput = "2  a flag, an argument or a file is not valid"
	statusFile  = "2  a flag, an argument or a run directory is not valid"
	statusClaim = "3  a claim has a verdict that --fail-on names"
	statusWord  = "3  a figure has a word that --fail-on names"
	statusVoid  = "4  the run has an evidence profile, but is void as evidence"
)

const exitStatusTitle = "EXIT STATUS"

// withExitStatus adds a section with the command's exit codes to the help.
func withExitStatus(cmd *cobra.Command, codes ...string) *cobra.Command {
	cmd.DisableAutoGenTag = true
	cmd.Long = strings.TrimSpace(cmd.Long) + "\n\n" + exitStatusTitle + "\n\n  " + strings.Join(codes, "\n  ")
	return cmd
}
