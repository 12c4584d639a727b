package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cgroup"
	"github.com/claimbench/claimbench/internal/cpuset"
)

const (
	// containerPort is the port on which servers listen inside their containers.
	containerPort = "8080"
	// openFiles is how many files a process in a container may have open. It is enough for the
	// connections of the largest scenario, and within the limits of most engines.
	openFiles = 20_000
)

// Launch creates and starts a container, and returns once its server is ready.
func (d *Docker) Launch(ctx context.Context, t bench.Target, l bench.Launch) (bench.Server, error) {
	s, err := d.launch(ctx, t, l)
	if err != nil {
		return nil, fmt.Errorf("launch %s: %w", t.Name, err)
	}
	return s, nil
}

func (d *Docker) launch(ctx context.Context, t bench.Target, l bench.Launch) (*containerServer, error) {
	image, ok := d.images.Load(t.Name)
	if !ok {
		return nil, errNotPrepared
	}
	config, host := d.configure(image.(string), t, l)
	made, err := d.api.ContainerCreate(ctx, config, host, nil, nil, "")
	if err != nil {
		return nil, engineError(fmt.Errorf("create its container: %w", err))
	}
	s := &containerServer{docker: d, id: made.ID}
	if err := d.start(ctx, s, t, l.CPUs); err != nil {
		log := s.Log()
		s.remove()
		return nil, &Error{Err: err, Log: log}
	}
	return s, nil
}

// configure returns what the engine must know to create the container.
func (d *Docker) configure(image string, t bench.Target, l bench.Launch) (*container.Config, *container.HostConfig) {
	port := nat.Port(containerPort + "/tcp")
	config := &container.Config{
		Image:        image,
		Cmd:          t.Command,
		User:         t.Container.User,
		Labels:       d.labels(),
		Env:          variables(t.Env, l.Env, map[string]string{"HOST": "0.0.0.0", "PORT": containerPort}),
		ExposedPorts: nat.PortSet{port: {}},
	}
	init := true // reaps zombies and passes signals on
	host := &container.HostConfig{
		NetworkMode:    container.NetworkMode(d.network),
		CapDrop:        t.Container.CapDrop,
		SecurityOpt:    t.Container.SecurityOpt,
		ReadonlyRootfs: t.Container.ReadOnly,
		Tmpfs:          map[string]string{},
		Init:           &init,
		Resources: container.Resources{
			CpusetCpus: l.CPUs,
			Ulimits:    []*container.Ulimit{{Name: "nofile", Soft: openFiles, Hard: openFiles}},
			Memory:     t.Container.MemoryBytes,
			MemorySwap: t.Container.MemoryBytes, // memory and swap together: no swap
		},
	}
	for _, mount := range t.Container.Tmpfs {
		path, options, _ := strings.Cut(mount, ":")
		host.Tmpfs[path] = options
	}
	if d.VM {
		host.PortBindings = nat.PortMap{port: {{HostIP: "127.0.0.1"}}}
		host.ExtraHosts = []string{"host.docker.internal:host-gateway"}
	}
	return config, host
}

// variables merges the layers, the last of which wins, into a sorted list of NAME=VALUE.
func variables(layers ...map[string]string) []string {
	all := map[string]string{}
	for _, layer := range layers {
		maps.Copy(all, layer)
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}

// start starts the container and returns once its server is ready.
func (d *Docker) start(ctx context.Context, s *containerServer, t bench.Target, cpus string) error {
	if err := d.api.ContainerStart(ctx, s.id, container.StartOptions{}); err != nil {
		return engineError(err)
	}
	seen, err := d.api.ContainerInspect(ctx, s.id)
	if err != nil {
		return engineError(err)
	}
	address, err := d.address(seen)
	if err != nil {
		return err
	}
	s.url = "http://" + address
	if cgroup.Holds(s.id, seen.State.Pid) {
		s.pid = seen.State.Pid
	}
	if err := newReadiness(t, s.url, s.Alive).await(ctx); err != nil {
		return err
	}
	if s.placement, err = d.placed(ctx, s, t.Container.MemoryBytes, cpus); err != nil {
		return err
	}
	s.placement.Address, s.placement.Peer = address, address
	if d.VM {
		s.placement.Peer = networkAddress(seen)
	}
	return nil
}

// address returns the host and port at which this machine reaches the container's server.
func (d *Docker) address(seen container.InspectResponse) (string, error) {
	if d.VM {
		for _, binding := range seen.NetworkSettings.Ports[containerPort+"/tcp"] {
			return net.JoinHostPort(binding.HostIP, binding.HostPort), nil
		}
		return "", errors.New("the engine published no port for the container")
	}
	if address := networkAddress(seen); address != "" {
		return address, nil
	}
	return "", errors.New("the container has no address; it may have exited at once")
}

// networkAddress returns the container's address in the run's network, empty if it has none.
func networkAddress(seen container.InspectResponse) string {
	for _, endpoint := range seen.NetworkSettings.Networks {
		if endpoint.IPAddress != "" {
			return net.JoinHostPort(endpoint.IPAddress, containerPort)
		}
	}
	return ""
}

// placed reads back what the container was given: from the kernel, or from the engine if the
// container's processes are not visible here.
func (d *Docker) placed(ctx context.Context, s *containerServer, memory int64, cpus string) (bench.Placement, error) {
	var got bench.Placement
	if s.pid == 0 {
		stats, err := s.stats(ctx)
		if err != nil {
			return got, err
		}
		got.MemoryLimit = int64(stats.MemoryStats.Limit)
		got.Warnings = append(got.Warnings, "the container's processes are not visible from here: "+
			"their CPUs are not verified, and their usage is updated once per second")
		if d.VM {
			got.Warnings = append(got.Warnings, "Docker runs in a virtual machine: the run is not evidence")
		}
	} else {
		got.MemoryLimit = cgroup.MemoryLimit(s.pid)
		got.CPUs = cpuset.Of(s.pid).String()
		got.Warnings = append(memoryCaveat(s.pid), cpuCaveat(cpus, got.CPUs)...)
	}
	if memory > 0 && got.MemoryLimit != memory {
		got.Warnings = append(got.Warnings,
			fmt.Sprintf("the container's memory limit is %d bytes, but should be %d bytes", got.MemoryLimit, memory))
	}
	return got, nil
}
