package main

import (
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/text"
)

func newList(g *globalOptions) *cobra.Command {
	o := &listOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "list",
		Short: "List the servers, scenarios and claims of the project",
		Long: `list prints every server of docker-compose.yml, every scenario in scenarios/, and every guide
in claims/ with its claims.`,
		Example: "  bench list\n  bench list --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}, statusDone, statusError, statusInput)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

// listOptions are the flags of list.
type listOptions struct {
	global *globalOptions
	asJSON bool
}

func (o *listOptions) run(cmd *cobra.Command) error {
	p := &o.global.project
	root, err := p.load(cmd.Context())
	if err != nil {
		return err
	}
	files, err := guideFiles(root)
	if err != nil {
		return err
	}
	guides := []bench.Guide{}
	for _, file := range files {
		g, err := plan.LoadGuide(file, p.catalogue, p.scenarios)
		if err != nil {
			return err
		}
		guides = append(guides, g)
	}
	if o.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(),
			map[string]any{"targets": p.catalogue.Targets, "scenarios": p.scenarios, "guides": guides})
	}
	return printProject(cmd.OutOrStdout(), p, files, guides)
}

// printProject prints the project; each guide comes from the file of the same index.
func printProject(out io.Writer, p *project, files []string, guides []bench.Guide) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVER\tTIER\tRUNTIME\tFRAMEWORK\tCONTEXT")
	for _, t := range p.catalogue.Targets {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Name, t.Tier, t.Runtime, t.Framework, t.Context)
	}
	fmt.Fprintln(w, "\nSCENARIO\tMEASURES\tRATES\tCONNECTIONS\tREQUEST")
	for _, s := range p.scenarios {
		fmt.Fprintf(w, "%s\t%v\t%v\t%d\t%s %s\n",
			s.Name, s.Measure, s.Rates, s.Connections, s.Workload.Method, s.Workload.Path)
	}
	for i, g := range guides {
		fmt.Fprintf(w, "\nCLAIM\tTESTS\tQUOTE FROM %s (%s)\n", g.Title, filepath.Base(files[i]))
		for _, c := range g.Claims {
			fmt.Fprintf(w, "%s\t%d\t%q\n", c.ID, len(c.Tests), c.Quotes[0].Quote)
		}
	}
	return w.Flush()
}
