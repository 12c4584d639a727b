package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// writeBenchfmt writes the Go benchmark format: one line per trial of each server, with all its metrics as
// units, so that benchstat finds the launches that it needs.
func (d *Document) writeBenchfmt(out io.Writer) error {
	w := benchfmt.NewWriter(out)
	if err := d.writeUnits(w); err != nil {
		return err
	}
	for _, s := range d.Scenarios {
		lines := map[string]*benchfmt.Result{} // by trial and server at a level
		var order []string
		for _, f := range s.Figures {
			for _, v := range f.Values {
				key := fmt.Sprintf("%09d %s", v.Trial, f.Arm)
				if lines[key] == nil {
					lines[key] = &benchfmt.Result{
						Name:  benchmarkName(s.Name, f.Arm),
						Iters: 1,
					}
					order = append(order, key)
				}
				lines[key].Values = append(lines[key].Values, benchfmt.Value{
					Value: v.Value,
					Unit:  benchmarkUnit(f),
				})
			}
		}
		slices.Sort(order)
		for _, key := range order {
			if err := w.Write(lines[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeUnits writes for each unit whether more or less of it is better.
func (d *Document) writeUnits(w *benchfmt.Writer) error {
	seen := map[string]bool{}
	for _, s := range d.Scenarios {
		for _, f := range s.Figures {
			unit := benchmarkUnit(f)
			if f.Better == "" || seen[unit] {
				continue
			}
			seen[unit] = true
			err := w.Write(&benchfmt.UnitMetadata{
				UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "better"},
				OrigUnit:        unit,
				Value:           f.Better,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// benchmarkName returns the name of an arm's benchmark: "Json/server=node-http".
func benchmarkName(scenario, arm string) benchfmt.Name {
	arm = strings.ReplaceAll(arm, " ", "/level=")
	return benchfmt.Name(strings.ToUpper(scenario[:1]) + scenario[1:] + "/server=" + arm)
}

// benchmarkUnit returns a metric with its unit by benchstat's conventions: sec, B, and a rate.
func benchmarkUnit(f Figure) string {
	unit := ""
	switch f.Unit {
	case "s":
		unit = "-sec"
	case "B":
		unit = "-B"
	case "1/s":
		unit = "-req/s"
	}
	return strings.ReplaceAll(f.series(), " ", "-") + unit
}
