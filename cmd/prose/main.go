// Command prose checks how this repository is written.
//
// It counts the sentences of its documents and fails if they are too long. With
// --patterns it searches documents, comments and messages for phrases that
// patterns.yaml forbids. STYLE.md explains the rules.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit codes of run.
const (
	exitClean    = 0
	exitFindings = 1 // the text breaks a rule
	exitFailed   = 2 // bad arguments, or a file that cannot be read
)

const usage = `usage: prose [--list N | --patterns] [FILE...]

Checks the documents that git tracks, or the named files. Run it in the root of the repository.

  (no flag)   print a table of sentence lengths; fail if a document breaks a limit
  --list N    print the N longest sentences
  --patterns  search for forbidden phrases, also in comments and messages
`

// run executes the command and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("prose", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	list := flags.Int("list", 0, "print the `N` longest sentences")
	search := flags.Bool("patterns", false, "search for forbidden phrases")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitClean
	} else if err != nil {
		return exitFailed
	}
	if *list < 0 || *list > 0 && *search {
		flags.Usage()
		return exitFailed
	}
	files, err := chooseFiles(flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "prose:", err)
		return exitFailed
	}
	var clean bool
	switch {
	case *search:
		clean, err = searchFiles(stdout, files)
	case *list > 0:
		clean, err = true, listLongest(stdout, files, *list)
	default:
		clean, err = countFiles(stdout, files)
	}
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "prose:", err)
		return exitFailed
	case !clean:
		return exitFindings
	}
	return exitClean
}
