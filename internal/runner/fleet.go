package runner

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// fleet is what a trial launched: one server, or replicas behind a proxy.
type fleet struct {
	servers []bench.Server
	front   bench.Server // the proxy; nil where there is none
}

// launch starts the trial's server, or its replicas with the proxy that the scenario
// needs before them.
func (c *Conductor) launch(ctx context.Context, on bench.Target, t bench.Trial, s bench.Scenario) (f *fleet, err error) {
	f = &fleet{}
	defer func() {
		if err != nil {
			c.stop(ctx, f)
		}
	}()
	replicas, err := strconv.Atoi(t.Variant[bench.Replicas])
	behind := err == nil
	var backends []string
	for range max(replicas, 1) {
		server, err := c.Launcher.Launch(ctx, on, bench.Launch{Env: c.trialEnv(t), CPUs: t.CPUs})
		if err != nil {
			return f, err
		}
		f.servers = append(f.servers, server)
		backends = append(backends, server.Placement().Peer)
	}
	if behind {
		front, ok, err := c.services.Front(ctx, s.Needs, backends)
		switch {
		case err != nil:
			return f, err
		case !ok:
			return f, errors.New("replicas need a proxy: name one under needs")
		}
		f.front = front
	}
	return f, nil
}

// URL is where the load is sent.
func (f *fleet) URL() string {
	if f.front != nil {
		return f.front.URL()
	}
	return f.servers[0].URL()
}

// Placement is that of the first server, with what was wrong with any.
func (f *fleet) Placement() bench.Placement {
	p := f.servers[0].Placement()
	for _, s := range f.servers[1:] {
		p.Warnings = append(p.Warnings, s.Placement().Warnings...)
	}
	p.Address = strings.TrimPrefix(f.URL(), "http://")
	return p
}

// Usage is that of all servers; what the proxy uses is not theirs.
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

// Alive reports an error when any of the servers, or the proxy, has ended.
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
	if f.front != nil {
		return append([]bench.Server{f.front}, f.servers...)
	}
	return f.servers
}

// Log is what the servers wrote, one after the other.
func (f *fleet) Log() string {
	var b strings.Builder
	for _, s := range f.all() {
		b.WriteString(s.Log())
	}
	return b.String()
}
