package runner

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/reference"
	"github.com/claimbench/claimbench/internal/service"
)

// backends holds the services that servers call while they are measured: this program's own upstream, and the services
// of the plan.
type backends struct {
	upstream *reference.Upstream
	services *service.Services
	own      []string        // names of the plan's services that the upstream serves
	proxies  map[string]bool // names of those that front replicas; each runs on one thread
}

func newBackends(list []bench.Service, upstream *reference.Upstream, services *service.Services) *backends {
	b := &backends{upstream: upstream, services: services, proxies: map[string]bool{}}
	for _, s := range list {
		switch {
		case s.Own():
			b.own = append(b.own, s.Name)
		case s.Fronts:
			b.proxies[s.Name] = true
		}
	}
	if len(b.own) == 0 { // no scenario needs the upstream: its calls are counted, because there must be none
		b.own = []string{"upstream"}
	}
	return b
}

// env returns the environment variables by which servers find the backends. reach is the address under
// which servers reach this process.
func (b *backends) env(reach string) map[string]string {
	address := net.JoinHostPort(reach, strconv.Itoa(b.upstream.Port()))
	env := map[string]string{"UPSTREAM_URL": "http://" + address}
	maps.Copy(env, b.services.Env())
	return env
}

// calls returns how many calls the upstream and each of the named services have counted so far.
func (b *backends) calls(ctx context.Context, names []string) (map[string]uint64, error) {
	calls, err := b.services.Calls(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, name := range b.own {
		calls[name] = b.upstream.Calls()
	}
	return calls, nil
}

// calledUpstream reports whether the upstream was called, by the calls that were counted.
func (b *backends) calledUpstream(calls map[string]uint64) bool {
	return slices.ContainsFunc(b.own, func(name string) bool { return calls[name] > 0 })
}

// proxy returns the name of the proxy among the named services; it is empty if there is none.
func (b *backends) proxy(names []string) string {
	i := slices.IndexFunc(names, func(name string) bool { return b.proxies[name] })
	if i < 0 {
		return ""
	}
	return names[i]
}

// lacks says which service that the scenario needs at the level is missing; it is empty if none is.
func (b *backends) lacks(s bench.Scenario, l bench.Level) string {
	for _, name := range s.AllNeeds(l) {
		if why := b.services.Missing(name); why != "" {
			return why
		}
	}
	return ""
}

// meter is a reading of what the backends have counted and used.
type meter struct {
	calls map[string]uint64
	cpu   map[string]time.Duration
}

// read reads the meters of the named services and of the server's proxy.
func (b *backends) read(ctx context.Context, names []string, server *fleet) (m meter, err error) {
	if m.calls, err = b.calls(ctx, names); err != nil {
		return m, err
	}
	m.cpu = b.services.CPU(ctx, names)
	if server.proxy != nil {
		if u, err := server.proxy.Usage(ctx); err == nil {
			m.cpu[server.proxyName] = u.CPU
		}
	}
	return m, nil
}

// addTo puts what was counted and used since an earlier reading into the result.
func (m meter) addTo(result *bench.PhaseResult, since meter) {
	for name, now := range m.calls {
		if n := now - since.calls[name]; n > 0 {
			if result.Calls == nil {
				result.Calls = map[string]uint64{}
			}
			result.Calls[name] = n
		}
	}
	for name, cpu := range m.cpu {
		if result.Services == nil {
			result.Services = map[string]time.Duration{}
		}
		result.Services[name] = cpu - since.cpu[name]
	}
}

// alive returns an error if one of the named services has exited.
func (b *backends) alive(ctx context.Context, names []string) error {
	if err := b.services.Alive(ctx, names); err != nil {
		return fmt.Errorf("a service exited: %w", err)
	}
	return nil
}
