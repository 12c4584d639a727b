package runner

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// fleet holds the servers that a trial launches: one server, or replicas behind a proxy.
type fleet struct {
	servers   []bench.Server
	proxy     bench.Server // nil if there is none
	proxyName string       // its service's
}

// launch starts the trial's server, or its replicas behind the proxy that the scenario needs.
func (r *run) launch(ctx context.Context, entry bench.Target, t bench.Trial, s bench.Scenario) (f *fleet, err error) {
	f = &fleet{}
	defer func() {
		if err != nil {
			_ = stop(ctx, f) // why the launch failed says more
		}
	}()
	replicas, err := strconv.Atoi(t.Variant[bench.Replicas])
	isReplicated := err == nil
	var addresses []string
	for range max(replicas, 1) {
		server, err := r.Launcher.Launch(ctx, entry, bench.Launch{Env: r.trialEnv(t), CPUs: t.CPUs})
		if err != nil {
			return f, err
		}
		f.servers = append(f.servers, server)
		addresses = append(addresses, server.Placement().Peer)
	}
	if isReplicated {
		proxy, ok, err := r.backends.services.Front(ctx, s.Needs, addresses)
		switch {
		case err != nil:
			return f, err
		case !ok:
			return f, errors.New("replicas need a proxy: name one under needs in the scenario")
		}
		f.proxy, f.proxyName = proxy, r.backends.proxy(s.Needs)
	}
	return f, nil
}

// URL returns the address that the load is sent to.
func (f *fleet) URL() string {
	if f.proxy != nil {
		return f.proxy.URL()
	}
	return f.servers[0].URL()
}

// Placement returns the first server's placement, with the warnings of all.
func (f *fleet) Placement() bench.Placement {
	p := f.servers[0].Placement()
	for _, s := range f.servers[1:] {
		p.Warnings = append(p.Warnings, s.Placement().Warnings...)
	}
	p.Address = strings.TrimPrefix(f.URL(), "http://")
	return p
}

// Usage returns what all servers have used together, without the proxy.
func (f *fleet) Usage(ctx context.Context) (sum bench.Usage, err error) {
	for _, s := range f.servers {
		u, err := s.Usage(ctx)
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.Memory += u.Memory
		sum.Throttled += u.Throttled
	}
	return sum, nil
}

// Alive returns an error if one of the servers, or the proxy, has exited.
func (f *fleet) Alive(ctx context.Context) error {
	for _, s := range f.all() {
		if err := s.Alive(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Stop stops the proxy, then the servers.
func (f *fleet) Stop(ctx context.Context) (err error) {
	for _, s := range f.all() {
		err = errors.Join(err, s.Stop(ctx))
	}
	return err
}

func (f *fleet) all() []bench.Server {
	if f.proxy != nil {
		return append([]bench.Server{f.proxy}, f.servers...)
	}
	return f.servers
}

// Log returns what the proxy and the servers wrote, one after the other.
func (f *fleet) Log() string {
	var b strings.Builder
	for _, s := range f.all() {
		b.WriteString(s.Log())
	}
	return b.String()
}
