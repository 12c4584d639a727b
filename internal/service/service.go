// Package service runs what targets lean on beside this program's own servers:
// databases, started once for a run, and proxies, started for each trial that has one.
package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/target"
)

// Services are those of a run. What cannot be had is missing, with its reason, and the
// run goes on without it.
type Services struct {
	launcher bench.Launcher
	cpus     string
	running  map[string]*running
	fronts   map[string]bench.Service
	missing  map[string]string
}

// running is a launched service.
type running struct {
	bench.Service
	server bench.Server
	counter
}

// Start starts the services, but for this program's own, on the CPUs. The error is of
// the launcher's engine, or of the context.
func Start(ctx context.Context, launcher bench.Launcher, list []bench.Service, cpus string, doing func(string)) (*Services, error) {
	s := &Services{launcher: launcher, cpus: cpus, running: map[string]*running{}, fronts: map[string]bench.Service{}, missing: map[string]string{}}
	for _, service := range list {
		if service.Own() {
			continue
		}
		doing("starting " + service.Name)
		err := launcher.Prepare(ctx, service.Target)
		switch {
		case err == nil && service.Fronts:
			err = s.try(ctx, service)
			s.fronts[service.Name] = service
		case err == nil:
			r := &running{Service: service}
			err = s.launch(ctx, r)
			s.running[service.Name] = r
		}
		if ctx.Err() != nil || errors.Is(err, target.ErrEngine) {
			s.Close(ctx)
			return nil, errors.Join(ctx.Err(), err)
		}
		if err != nil {
			s.missing[service.Name] = reason(err)
			delete(s.running, service.Name)
			delete(s.fronts, service.Name)
		}
	}
	return s, nil
}

// reason is why a service cannot be had: what it said last, if it said anything.
func reason(err error) string {
	var failed *target.Error
	if errors.As(err, &failed) {
		lines := strings.Split(strings.TrimSpace(failed.Log), "\n")
		if last := lines[len(lines)-1]; last != "" {
			_, said, found := strings.Cut(last, ": ")
			if found {
				return said
			}
			return last
		}
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// try starts a proxy once, with nothing behind it, to see that it can be had.
func (s *Services) try(ctx context.Context, service bench.Service) error {
	server, err := s.launcher.Launch(ctx, service.Target, bench.Launch{CPUs: s.cpus, Env: map[string]string{"BACKENDS": "127.0.0.1:1"}})
	if err != nil {
		return err
	}
	return server.Stop(ctx)
}

func (s *Services) launch(ctx context.Context, r *running) error {
	server, err := s.launcher.Launch(ctx, r.Target, bench.Launch{CPUs: s.cpus})
	if err != nil {
		return err
	}
	r.server = server
	if r.Count != "" {
		r.counter = counter{sql: r.Count}
		for _, value := range r.Gives {
			r.counter.url = at(value, server.Placement().Address)
		}
		if _, err := r.counter.count(ctx); err != nil {
			server.Stop(ctx)
			return fmt.Errorf("count the queries of %s: %w", r.Name, err)
		}
	}
	return nil
}

func at(template, address string) string { return strings.ReplaceAll(template, "{address}", address) }

// Missing says why the service cannot be had; empty where it can.
func (s *Services) Missing(name string) string { return s.missing[name] }

// Env is what targets are told of the services.
func (s *Services) Env() map[string]string {
	env := map[string]string{}
	for _, r := range s.running {
		for name, value := range r.Gives {
			env[name] = at(value, r.server.Placement().Peer)
		}
	}
	return env
}

// Calls are how many queries each of the named services that counts them has had of targets.
func (s *Services) Calls(ctx context.Context, names []string) (map[string]uint64, error) {
	calls := map[string]uint64{}
	for _, name := range names {
		r := s.running[name]
		if r == nil || r.Count == "" {
			continue
		}
		n, err := r.counter.count(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		calls[name] = n
	}
	return calls, nil
}

// CPU is the time that each of the named services has used since it was launched.
func (s *Services) CPU(ctx context.Context, names []string) map[string]time.Duration {
	used := map[string]time.Duration{}
	for _, name := range names {
		if r := s.running[name]; r != nil {
			if u, err := r.server.Usage(ctx); err == nil {
				used[name] = u.CPU
			}
		}
	}
	return used
}

// Ensure launches the named services anew that have ended. The error says which
// cannot be had any more. Targets are told a new address.
func (s *Services) Ensure(ctx context.Context, names []string) error {
	for _, name := range names {
		r := s.running[name]
		if r == nil || r.server.Alive(ctx) == nil {
			continue
		}
		ended := r.server.Alive(ctx)
		r.server.Stop(ctx)
		r.counter.close(ctx)
		if err := s.launch(ctx, r); err != nil {
			return fmt.Errorf("%s is down (%w) and does not start again: %w", name, ended, err)
		}
	}
	return nil
}

// Alive reports an error when one of the named services has ended.
func (s *Services) Alive(ctx context.Context, names []string) error {
	for _, name := range names {
		if r := s.running[name]; r != nil {
			if err := r.server.Alive(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// Front starts the proxy among the named services before the backends (addresses as
// other servers reach them). It reports false where none of them is a proxy.
func (s *Services) Front(ctx context.Context, names, backends []string) (server bench.Server, ok bool, err error) {
	for _, name := range names {
		if service, is := s.fronts[name]; is {
			server, err = s.launcher.Launch(ctx, service.Target, bench.Launch{CPUs: s.cpus, Env: map[string]string{"BACKENDS": strings.Join(backends, " ")}})
			return server, true, err
		}
	}
	return nil, false, nil
}

// Close stops all services. One that has ended by itself is no error: what needed it has
// said so.
func (s *Services) Close(ctx context.Context) error {
	var err error
	for _, r := range s.running {
		r.counter.close(ctx)
		if r.server == nil {
			continue
		}
		ended := r.server.Alive(ctx) != nil
		if stopped := r.server.Stop(ctx); !ended {
			err = errors.Join(err, stopped)
		}
	}
	clear(s.running)
	return err
}
