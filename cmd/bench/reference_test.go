package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write docs/cli.md and the golden files again")

// golden compares a text with a file, or writes the file with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	line := 1 + strings.Count(got[:commonPrefix(got, string(want))], "\n")
	t.Errorf("%s is out of date from line %d on; to write it again: go test ./cmd/bench -run %s -update",
		file, line, t.Name())
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// The help is what a newcomer sees first.
func TestHelp(t *testing.T) {
	code, stdout, stderr := command(t, "--help")
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	golden(t, "testdata/help.txt", stdout)
}

// docs/cli.md is made from the commands.
func TestCLIReference(t *testing.T) {
	var b bytes.Buffer
	writeReference(&b, newRoot(io.Discard, io.Discard))
	golden(t, "../../docs/cli.md", b.String())
}

// The help of every command, hidden ones too, ends with the exit codes, after the flags.
func TestEveryHelpHasExitCodes(t *testing.T) {
	const section = "\n\nExit status:\n  0  "
	for _, cmd := range everyCommand(newRoot(io.Discard, io.Discard)) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			usage := cmd.UsageString()
			at := strings.Index(usage, section)
			if at < 0 {
				t.Fatalf("the help has no section %q:\n%s", section, usage)
			}
			if flags := strings.LastIndex(usage, "Flags:\n"); at < flags {
				t.Errorf("the help has the exit codes before the flags:\n%s", usage)
			}
		})
	}
}

// everyCommand returns a command and all commands below it.
func everyCommand(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, each := range cmd.Commands() {
		list = append(list, everyCommand(each)...)
	}
	return list
}

// Every command has a description, examples and a group.
func TestEveryCommandIsDescribed(t *testing.T) {
	for _, cmd := range documented(newRoot(io.Discard, io.Discard)) {
		t.Run(cmd.Name(), func(t *testing.T) {
			if cmd.Long == "" {
				t.Error("the help has no description")
			}
			if cmd.Example == "" {
				t.Error("the help has no example")
			}
			if cmd.GroupID == "" {
				t.Error("the command is in no group")
			}
			for _, word := range []string{"string", "strings", "int", "uint", "stringArray"} {
				if strings.Contains(cmd.LocalFlags().FlagUsages(), " "+word+" ") {
					t.Errorf("a flag has the type %s: name what it takes", word)
				}
			}
		})
	}
}

// documented returns the commands of bench that are not hidden.
func documented(root *cobra.Command) (list []*cobra.Command) {
	for _, cmd := range root.Commands() {
		if !cmd.Hidden {
			list = append(list, cmd)
		}
	}
	return list
}

// usageWidth is the width of the flags in columns.
const usageWidth = 98

func writeReference(w io.Writer, root *cobra.Command) {
	fmt.Fprint(w, `# Commands of bench

This page describes each command of `+"`bench`"+`, with its flags and exit codes.
It is generated from the program; `+"`go test ./cmd/bench -run TestCLIReference -update`"+` writes it.

`)
	for _, group := range root.Groups() {
		var names []string
		for _, cmd := range documented(root) {
			if cmd.GroupID == group.ID {
				names = append(names, fmt.Sprintf("[%s](#bench-%s)", cmd.Name(), cmd.Name()))
			}
		}
		fmt.Fprintf(w, "- %s %s\n", group.Title, strings.Join(names, ", "))
	}
	fmt.Fprintf(w,
		"\n## Flags of every command\n\n```text\n%s```\n", root.PersistentFlags().FlagUsagesWrapped(usageWidth))
	fmt.Fprint(w, "\n## Exit status of every command\n\nEach command lists the codes that it can return.\n\n")
	writeStatus(w, root)
	for _, cmd := range documented(root) {
		writeCommand(w, cmd)
	}
}

func writeCommand(w io.Writer, cmd *cobra.Command) {
	fmt.Fprintf(w, "\n## bench %s\n\n%s.\n\n```text\n%s\n```\n\n%s\n",
		cmd.Name(), cmd.Short, cmd.UseLine(), markdown(strings.TrimSpace(cmd.Long)))
	fmt.Fprintf(w, "\n### Examples of %s\n\n```sh\n%s\n```\n", cmd.Name(), unindent(cmd.Example))
	cmd.InitDefaultHelpFlag()
	fmt.Fprintf(w,
		"\n### Flags of %s\n\n```text\n%s```\n", cmd.Name(), cmd.LocalNonPersistentFlags().FlagUsagesWrapped(usageWidth))
	fmt.Fprintf(w, "\n### Exit status of %s\n\n", cmd.Name())
	writeStatus(w, cmd)
}

// writeStatus writes the exit codes of a command as a table.
func writeStatus(w io.Writer, cmd *cobra.Command) {
	fmt.Fprint(w, "| code | meaning |\n|---|---|\n")
	for line := range strings.Lines(cmd.Annotations[exitStatus]) {
		if code, meaning, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			fmt.Fprintf(w, "| %s | %s |\n", code, meaning)
		}
	}
}

// markdown puts the indented paragraphs of a help into code blocks.
func markdown(help string) string {
	var b strings.Builder
	code := false
	for line := range strings.Lines(help) {
		indented := strings.HasPrefix(line, "  ")
		if indented && !code {
			b.WriteString("```text\n")
		} else if code && !indented {
			b.WriteString("```\n")
		}
		code = indented
		b.WriteString(strings.TrimPrefix(line, "  "))
	}
	if code {
		b.WriteString("\n```")
	}
	return b.String()
}

func unindent(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}
