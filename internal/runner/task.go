package runner

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/target"
)

// task is what a server is asked to do at a level.
type task struct {
	bench.Workload
	beside *bench.Beside // other requests at the same time; nil for none
	needs  []string      // services
}

// tasks returns those of the trial's levels that are not left out, by level.
func (r *run) tasks(t bench.Trial, s bench.Scenario, entry bench.Target) map[string]task {
	all := map[string]task{}
	for _, l := range s.AllLevels() {
		if r.out[bench.Cell{Arm: t.Arm(), Level: l.Name}] != "" {
			continue
		}
		w := s.At(l)
		if w.Expect.SHA256 == "" && entry.QuickstartOf == "" {
			w.Expect.SHA256 = r.bodies[target.Question{Scenario: s.Name, Level: l.Name}]
		}
		all[l.Name] = task{Workload: w, beside: l.Beside, needs: s.AllNeeds(l)}
	}
	return all
}

// background returns the workload of the requests that are sent at the same time.
func (t task) background() bench.Workload {
	return bench.Workload{
		Driver:   bench.DriverHTTP,
		Method:   http.MethodGet,
		Path:     t.beside.Path,
		Timeout:  t.Timeout,
		Arrivals: t.Arrivals,
		Expect:   t.beside.Expect,
	}
}

// check asks a fresh server for one answer of each task, so that nothing is timed that does not work, and
// nothing happens for the first time while something is timed. It returns what is wrong, by level.
func check(ctx context.Context, url string, tasks map[string]task) map[string]string {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	wrong := map[string]string{}
	for _, level := range slices.Sorted(maps.Keys(tasks)) {
		t := tasks[level]
		var err error
		if t.Driver == bench.DriverHTTP {
			_, err = target.Ask(ctx, client, url, t.Workload)
		}
		if err == nil && t.beside != nil {
			_, err = target.Ask(ctx, client, url, t.background())
		}
		if err != nil {
			wrong[level] = err.Error()
		}
	}
	return wrong
}
