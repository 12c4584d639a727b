package main

// verbosity is how much progress to print.
type verbosity int

const (
	normal verbosity = iota
	quiet
	verbose
)

func (g *globalOptions) verbosity() verbosity {
	switch {
	case g.quiet:
		return quiet
	case g.verbose:
		return verbose
	}
	return normal
}
