package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/claimbench/claimbench/internal/report"
)

// Values of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// isTerminal reports whether a person reads what is written to w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// useColor reports whether to color what is written to w. Any NO_COLOR that is not empty switches color
// off [https://no-color.org]; the flag wins over the environment.
func (g *globalOptions) useColor(w io.Writer) bool {
	switch g.color {
	case colorAlways:
		return true
	case colorNever:
		return false
	}
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// printVerdicts prints the report for a person at a terminal.
func (g *globalOptions) printVerdicts(w io.Writer, d *report.Document) error {
	return d.Terminal(w, report.TerminalOptions{Color: g.useColor(w), Verbose: g.verbose})
}
