package report

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/record"
)

// Build makes the document of a judged run. The error says why the checksums of the run's files cannot be
// taken.
func Build(r *record.Run, v *bench.Verdicts, summaries []bench.Summary) (*Document, error) {
	hashes, err := record.Sums(r.Dir)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(hashes, func(name, _ string) bool {
		return strings.HasPrefix(name, record.TrialsFolder+"/")
	})
	counts := countVerdicts(v)
	d := &Document{
		Schema:      DocumentSchema,
		Generator:   buildinfo.Read().Version,
		RunID:       r.Environment.Time.UTC().Format("20060102-150405-") + r.Plan.Profile.Name,
		Date:        r.Environment.Time.Format(time.DateOnly),
		Evidence:    r.Plan.Profile.Evidence,
		Void:        v.Void,
		Headline:    headline(counts, len(v.Claims), hardware(r.Environment)),
		Counts:      counts,
		Scope:       scope(r),
		Guide:       newSource(r.Plan.Guide),
		Validity:    validity(r, v, summaries),
		NotShown:    notShown(r, v),
		Method:      method(r.Plan),
		Environment: facts(r.Environment, r.Plan),
		Rerun:       rerun(r.Plan),
		PlanHash:    v.PlanHash,
		Hashes:      hashes,
		FailOn:      []bench.Verdict{bench.Contradicted},
	}
	d.addClaims(v)
	for _, s := range r.Plan.Scenarios {
		d.Scenarios = append(d.Scenarios, newScenario(s, r, v, summaries))
	}
	for _, t := range r.Results {
		d.Trials = append(d.Trials, newTrial(t))
	}
	d.Left = slices.Concat(leftOut(r.Excluded()), leftOut(r.Missing()))
	for _, scenario := range slices.Sorted(maps.Keys(r.Plan.Skipped)) {
		d.Left = append(d.Left, scenario+": "+r.Plan.Skipped[scenario])
	}
	for _, why := range v.Void {
		d.Alerts = append(d.Alerts, "This run is void as evidence: "+why+".")
	}
	tidy(reflect.ValueOf(d))
	return d, nil
}

// addClaims adds the claims, the comparisons of the A/A twins, and the rows of the forest plot.
func (d *Document) addClaims(v *bench.Verdicts) {
	for _, claim := range v.Claims {
		d.Claims = append(d.Claims, newClaim(claim))
		for _, c := range claim.Tests {
			if c.Ratio != nil {
				d.Forest = append(d.Forest, newRatio(claim.ID, c))
			}
		}
	}
	for _, c := range v.Twins {
		d.Twins = append(d.Twins, newTest(c))
	}
}

func newSource(g bench.Guide) Source {
	return Source{
		Title:     g.Title,
		Author:    g.Author,
		Publisher: g.Publisher,
		Published: g.Published,
	}
}

// leftOut lists the cells with the reasons why they were left out, sorted.
func leftOut(cells map[bench.Cell]string) (list []string) {
	for cell, why := range cells {
		list = append(list, cell.String()+": "+why)
	}
	slices.Sort(list)
	return list
}

// countVerdicts counts the claims by verdict, in the order of bench.VerdictNames.
func countVerdicts(v *bench.Verdicts) (counts []Count) {
	for _, name := range bench.VerdictNames {
		c := Count{
			Verdict: bench.Verdict(name),
			Sign:    bench.Verdict(name).Sign(),
		}
		for _, claim := range v.Claims {
			if claim.Verdict == c.Verdict {
				c.Claims++
			}
		}
		if c.Claims > 0 {
			counts = append(counts, c)
		}
	}
	return counts
}

// headline returns the report in one sentence.
func headline(counts []Count, claims int, hardware string) string {
	var parts []string
	for _, c := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", c.Claims, c.Verdict))
	}
	return fmt.Sprintf("Of %d claims: %s, on %s.", claims, strings.Join(parts, ", "), hardware)
}

func hardware(e bench.Environment) string {
	return fmt.Sprintf("%s with %d CPUs", cmp.Or(e.CPU, e.Arch), e.CPUs)
}

// scope says for which machine, servers and day the headline holds.
func scope(r *record.Run) string {
	e := r.Environment
	how := "as plain processes"
	if r.Plan.Runner == "docker" {
		how = "in Docker containers"
	}
	s := fmt.Sprintf("On this one machine (%s), with servers %s, on %s.",
		cmp.Or(e.OS, "unknown system"), how, e.Time.Format("2 January 2006"))
	if !r.Plan.Profile.Evidence {
		s += fmt.Sprintf(" Profile %s is a preview, not evidence.", r.Plan.Profile.Name)
	}
	return s
}
