package main

import "github.com/spf13/cobra"

// must panics on an error of a function that fails only if a flag does not exist.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// completeWords makes the shell offer these words for a flag.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)))
}

// completeDir makes the shell offer folders for a flag.
func completeDir(cmd *cobra.Command, flag string) { must(cmd.MarkFlagDirname(flag)) }

// completeFile makes the shell offer files with these extensions for a flag.
func completeFile(cmd *cobra.Command, flag string, extensions ...string) {
	must(cmd.MarkFlagFilename(flag, extensions...))
}

// completeNames makes the shell offer names of the project for a flag.
func completeNames(cmd *cobra.Command, flag string, p *project, names func() []string) {
	must(cmd.RegisterFlagCompletionFunc(flag,
		func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if _, err := p.load(cmd.Context()); err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return names(), cobra.ShellCompDirectiveNoFileComp
		}))
}
