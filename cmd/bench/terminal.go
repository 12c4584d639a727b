package main

import (
	"bytes"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/claimbench/claimbench/internal/bench"
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
	if !g.useColor(w) {
		return d.Terminal(w)
	}
	var b bytes.Buffer
	if err := d.Terminal(&b); err != nil {
		return err
	}
	_, err := io.WriteString(w, colored(b.String()))
	return err
}

// colors are SGR codes by verdict.
var colors = map[bench.Verdict]string{
	bench.Supported:        "32", // green
	bench.Contradicted:     "31", // red
	bench.PracticallyEqual: "36", // cyan
	bench.Depends:          "33", // yellow
	bench.Inconclusive:     "90", // gray
	bench.NotTested:        "90", // gray
}

// colored colors the sign of a verdict at the start of each line.
func colored(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " ")
		b.WriteString(line[:len(line)-len(rest)])
		for verdict, code := range colors {
			if after, ok := strings.CutPrefix(rest, verdict.Sign()+" "); ok {
				b.WriteString("\x1b[" + code + "m" + verdict.Sign() + "\x1b[0m ")
				rest = after
				break
			}
		}
		b.WriteString(rest)
	}
	return b.String()
}
