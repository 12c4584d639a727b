package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// facts describes the machine, the tools and the servers. Facts without a value are left out.
func facts(e bench.Environment, p bench.Plan) []Fact {
	list := []Fact{
		{"Time", e.Time.Format(time.RFC3339)},
		{"System", strings.TrimSpace(e.OS + ", kernel " + e.Kernel)},
		{"CPU", fmt.Sprintf("%s, %d CPUs", e.CPU, e.CPUs)},
		{"Frequency governor", e.Governor},
		{"Virtualization", e.Virtual},
		{"Memory", text.Quantity(float64(e.Memory), "B")},
		{"Load average at the start", e.LoadAverage},
		{"Servers run as", p.Runner},
		{"Docker", e.Docker},
		{"Pinning", e.Pinned},
		{"claimbench", e.Bench},
		{"vegeta", e.Vegeta},
		{"Go", e.Go},
	}
	for _, name := range slices.Sorted(maps.Keys(e.Runtimes)) {
		list = append(list, Fact{name, e.Runtimes[name]})
	}
	return slices.DeleteFunc(list, func(f Fact) bool { return f.Value == "" })
}

// rerun returns the command that makes the same plan again.
func rerun(p bench.Plan) string {
	s := fmt.Sprintf("bench run --profile %s --guide %s --runner %s --seed %d",
		p.Profile.Name, p.Guide.Name, p.Runner, p.Seed)
	if p.Gates == (bench.Gates{}) {
		s += " --no-gates"
	}
	for _, scenario := range p.Scenarios {
		s += " --scenario " + scenario.Name
	}
	for _, t := range p.Targets {
		if t.TwinOf == "" {
			s += " --server " + t.Name
		}
	}
	return s
}
