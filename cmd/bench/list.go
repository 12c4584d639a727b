package main

import (
	"fmt"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/text"
)

func newList(p *project) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "list", Short: "List the servers, scenarios and claims of the project",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := p.load(cmd.Context())
			if err != nil {
				return err
			}
			files, err := guides(root)
			if err != nil {
				return err
			}
			all := []bench.Guide{}
			for _, file := range files {
				g, err := plan.LoadGuide(file, p.catalogue, p.scenarios)
				if err != nil {
					return err
				}
				all = append(all, g)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return text.WriteJSON(out, map[string]any{"targets": p.catalogue.Targets, "scenarios": p.scenarios, "guides": all})
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TARGET\tTIER\tRUNTIME\tFRAMEWORK\tCONTEXT")
			for _, t := range p.catalogue.Targets {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Name, t.Tier, t.Runtime, t.Framework, t.Context)
			}
			fmt.Fprintln(w, "\nSCENARIO\tMEASURES\tRATES\tCONNECTIONS\tREQUEST")
			for _, s := range p.scenarios {
				fmt.Fprintf(w, "%s\t%v\t%v\t%d\t%s %s\n", s.Name, s.Measure, s.Rates, s.Connections, s.Workload.Method, s.Workload.Path)
			}
			for i, g := range all {
				fmt.Fprintf(w, "\nCLAIM\tTESTS\tOF %s (%s)\n", g.Title, filepath.Base(files[i]))
				for _, c := range g.Claims {
					fmt.Fprintf(w, "%s\t%d\t%q\n", c.ID, len(c.Tests), c.Quotes[0].Quote)
				}
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
