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

// Services are the services of one run. If one of them cannot start, it is missing, with a reason,
// and the run continues without it. Make them with Start.
type Services struct {
	launcher  bench.Launcher
	cpus      string
	instances map[string]*instance // by name; they run
	proxies   map[string]bench.Service
	missing   map[string]string // reason by name
}

// instance is a launched service that is not a proxy.
type instance struct {
	bench.Service
	server  bench.Server
	queries counter
}

// Config says what Start starts, and how. All fields must be set, except CPUs.
type Config struct {
	Launcher bench.Launcher
	Services []bench.Service
	CPUs     string // to run on, a list such as "0-3"; empty for no pinning
	Progress func(doing string)
}

// Start starts the services, except this program's own. A service that cannot start is not an
// error: see Missing. Start fails if the launcher's engine does not answer or the context is done.
func Start(ctx context.Context, c Config) (*Services, error) {
	s := &Services{
		launcher:  c.Launcher,
		cpus:      c.CPUs,
		instances: map[string]*instance{},
		proxies:   map[string]bench.Service{},
		missing:   map[string]string{},
	}
	for _, service := range c.Services {
		if service.Own() {
			continue
		}
		c.Progress("starting " + service.Name)
		err := s.start(ctx, service)
		if ctx.Err() != nil || errors.Is(err, target.ErrEngine) {
			_ = s.Close(ctx)
			return nil, errors.Join(ctx.Err(), err)
		}
		if err != nil {
			s.missing[service.Name] = reason(err)
		}
	}
	return s, nil
}

// start launches a service, or checks that a proxy can be launched.
func (s *Services) start(ctx context.Context, service bench.Service) error {
	if err := s.launcher.Prepare(ctx, service.Target); err != nil {
		return err
	}
	if service.Fronts {
		if err := s.try(ctx, service); err != nil {
			return err
		}
		s.proxies[service.Name] = service
		return nil
	}
	inst := &instance{Service: service}
	if err := s.launch(ctx, inst); err != nil {
		return err
	}
	s.instances[service.Name] = inst
	return nil
}

// reason returns in one line why a service cannot start: the last line of its log, without the
// program's name before it, or else the first line of the error.
func reason(err error) string {
	var failed *target.Error
	if errors.As(err, &failed) {
		lines := strings.Split(strings.TrimSpace(failed.Log), "\n")
		if last := lines[len(lines)-1]; last != "" {
			if _, message, found := strings.Cut(last, ": "); found {
				return message
			}
			return last
		}
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// nowhere is the address of a backend that no server has.
const nowhere = "127.0.0.1:1"

// try starts a proxy once, without a backend, and stops it.
func (s *Services) try(ctx context.Context, proxy bench.Service) error {
	server, err := s.launchProxy(ctx, proxy, []string{nowhere})
	if err != nil {
		return err
	}
	return server.Stop(ctx)
}

func (s *Services) launchProxy(ctx context.Context, proxy bench.Service, backends []string) (bench.Server, error) {
	return s.launcher.Launch(ctx, proxy.Target, bench.Launch{
		CPUs: s.cpus,
		Env:  map[string]string{"BACKENDS": strings.Join(backends, " ")},
	})
}

func (s *Services) launch(ctx context.Context, inst *instance) error {
	server, err := s.launcher.Launch(ctx, inst.Target, bench.Launch{CPUs: s.cpus})
	if err != nil {
		return err
	}
	inst.server = server
	if inst.Count == "" {
		return nil
	}
	inst.queries = counter{sql: inst.Count}
	for _, value := range inst.Gives {
		inst.queries.url = withAddress(value, server.Placement().Address)
	}
	if _, err := inst.queries.count(ctx); err != nil {
		_ = server.Stop(ctx)
		return fmt.Errorf("count the queries of %s: %w", inst.Name, err)
	}
	return nil
}

// withAddress fills in the address of a service.
func withAddress(template, address string) string {
	return strings.ReplaceAll(template, "{address}", address)
}

// Missing returns why the service could not start, "" if it did.
func (s *Services) Missing(name string) string { return s.missing[name] }

// Env returns the environment variables by which targets find the services.
func (s *Services) Env() map[string]string {
	env := map[string]string{}
	for _, inst := range s.instances {
		for name, value := range inst.Gives {
			env[name] = withAddress(value, inst.server.Placement().Peer)
		}
	}
	return env
}

// Calls returns how many queries targets have sent to each of the named services. It leaves out
// services that do not count queries.
func (s *Services) Calls(ctx context.Context, names []string) (map[string]uint64, error) {
	calls := map[string]uint64{}
	for _, name := range names {
		inst := s.instances[name]
		if inst == nil || inst.Count == "" {
			continue
		}
		n, err := inst.queries.count(ctx)
		if err != nil {
			return nil, fmt.Errorf("count the queries of %s: %w", name, err)
		}
		calls[name] = n
	}
	return calls, nil
}

// CPU returns the CPU time that each of the named services has used since its launch. It leaves
// out those whose usage cannot be read.
func (s *Services) CPU(ctx context.Context, names []string) map[string]time.Duration {
	used := map[string]time.Duration{}
	for _, name := range names {
		if inst := s.instances[name]; inst != nil {
			if u, err := inst.server.Usage(ctx); err == nil {
				used[name] = u.CPU
			}
		}
	}
	return used
}

// Ensure launches those of the named services again that exited. Such a service may have another
// address: read Env again. The error names a service that does not start again.
func (s *Services) Ensure(ctx context.Context, names []string) error {
	for _, name := range names {
		inst := s.instances[name]
		if inst == nil {
			continue
		}
		down := inst.server.Alive(ctx)
		if down == nil {
			continue
		}
		_ = inst.server.Stop(ctx) // it exited: this removes what is left of it
		inst.queries.close(ctx)
		if err := s.launch(ctx, inst); err != nil {
			return fmt.Errorf("%s is down (%w) and does not start again: %w", name, down, err)
		}
	}
	return nil
}

// Alive returns an error if one of the named services exited.
func (s *Services) Alive(ctx context.Context, names []string) error {
	for _, name := range names {
		if inst := s.instances[name]; inst != nil {
			if err := inst.server.Alive(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// Front starts the proxy among the named services in front of the backends. These are addresses
// at which other servers reach them. Front reports false if none of the services is a proxy.
func (s *Services) Front(ctx context.Context, names, backends []string) (server bench.Server, ok bool, err error) {
	for _, name := range names {
		if proxy, is := s.proxies[name]; is {
			server, err = s.launchProxy(ctx, proxy, backends)
			return server, true, err
		}
	}
	return nil, false, nil
}

// Close stops all services. A service that exited earlier is not an error: whatever needed it has
// reported that.
func (s *Services) Close(ctx context.Context) error {
	var err error
	for _, inst := range s.instances {
		inst.queries.close(ctx)
		exited := inst.server.Alive(ctx) != nil
		if stopped := inst.server.Stop(ctx); !exited {
			err = errors.Join(err, stopped)
		}
	}
	clear(s.instances)
	return err
}
