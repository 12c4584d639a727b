package runner

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/target"
)

// tasks returns those of the trial's levels that are not left out, by level.
func (r *run) tasks(t bench.Trial, s bench.Scenario, entry bench.Target) map[string]bench.Task {
	all := map[string]bench.Task{}
	for _, l := range s.AllLevels() {
		if r.out[bench.Cell{Arm: t.Arm(), Level: l.Name}] != "" {
			continue
		}
		task := s.At(l)
		if task.Expect.SHA256 == "" && entry.QuickstartOf == "" {
			task.Expect.SHA256 = r.bodies[target.Question{Scenario: s.Name, Level: l.Name}]
		}
		all[l.Name] = task
	}
	return all
}

// check asks a fresh server for one answer of each task, so that nothing is timed that does not work, and
// nothing happens for the first time while something is timed. It returns what is wrong, by level.
func check(ctx context.Context, url string, tasks map[string]bench.Task) map[string]string {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	wrong := map[string]string{}
	for _, level := range slices.Sorted(maps.Keys(tasks)) {
		t := tasks[level]
		var err error
		if t.Driver == bench.DriverHTTP {
			_, err = target.Ask(ctx, client, url, t.Workload)
		}
		if err == nil && t.Beside != nil {
			_, err = target.Ask(ctx, client, url, t.Background())
		}
		if err != nil {
			wrong[level] = err.Error()
		}
	}
	return wrong
}
