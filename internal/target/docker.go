package target

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cgroup"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/source"
)

// Labels of everything that bench makes in Docker.
const (
	label    = "dev.claimbench"     // on all of it
	labelRun = "dev.claimbench.run" // the run it belongs to
)

// openFiles is how many files a container's process may have open: enough for the
// largest scenario's connections, and no more than most engines may give.
const openFiles = 20_000

// containerPort is what servers listen on inside their containers.
const containerPort = "8080"

// Docker launches targets as containers, in a network of the run's own.
type Docker struct {
	Root string // the project's folder
	// Engine tells the engine's and the cgroups' version.
	Engine string
	// VM says that the engine runs in a virtual machine, so that containers have no
	// address on this machine and ports are published.
	VM bool

	api     *client.Client
	run     string
	network string // its id
	gateway string
	images  sync.Map // image by target name
}

// DockerAnswers reports whether there is an engine, and what it is.
func DockerAnswers(ctx context.Context) (engine string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return "", err
	}
	defer api.Close()
	info, err := api.Info(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, API %s, cgroup v%s", info.ServerVersion, api.ClientVersion(), info.CgroupVersion), nil
}

// NewDocker connects to the engine that the environment names and makes the
// run's network. Close removes it.
func NewDocker(ctx context.Context, root, run string) (*Docker, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, engineError(err)
	}
	info, err := api.Info(ctx)
	if err != nil {
		api.Close()
		return nil, engineError(err)
	}
	d := &Docker{Root: root, api: api, run: run,
		Engine: fmt.Sprintf("%s, API %s, cgroup v%s", info.ServerVersion, api.ClientVersion(), info.CgroupVersion),
		VM:     runtime.GOOS != "linux" || strings.Contains(info.OperatingSystem, "Docker Desktop"),
	}
	if err := d.join(ctx); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		d.Close(closing)
		return nil, engineError(err)
	}
	return d, nil
}

// join makes the run's network, in the place of what a broken session of the same run left.
func (d *Docker) join(ctx context.Context) error {
	if err := d.sweep(ctx); err != nil {
		return err
	}
	made, err := d.api.NetworkCreate(ctx, "claimbench-"+d.run, network.CreateOptions{Driver: "bridge", Labels: d.labels()})
	if err != nil {
		return fmt.Errorf("create the run's network: %w", err)
	}
	d.network = made.ID
	n, err := d.api.NetworkInspect(ctx, made.ID, network.InspectOptions{})
	if err != nil || len(n.IPAM.Config) == 0 {
		return fmt.Errorf("inspect the run's network: %w", cmp.Or(err, errors.New("it has no address range")))
	}
	d.gateway = n.IPAM.Config[0].Gateway
	return nil
}

// ErrEngine is in the errors that say the engine is away: no server can be
// launched until it is back.
var ErrEngine = errors.New("docker: the engine does not answer")

func engineError(err error) error {
	if client.IsErrConnectionFailed(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Err: fmt.Errorf("%w: %w", ErrEngine, err),
			Hint: "start the Docker engine, or set DOCKER_HOST, or use --runner process"}
	}
	return fmt.Errorf("docker: %w", err)
}

func (d *Docker) labels() map[string]string { return map[string]string{label: "true", labelRun: d.run} }

// Host is the gateway of the run's network, which is this machine; with an
// engine in a virtual machine, the name that Docker Desktop gives this machine.
func (d *Docker) Host() (reach, bind string) {
	if d.VM {
		return "host.docker.internal", "127.0.0.1"
	}
	return d.gateway, d.gateway
}

// Prepare builds the target's image. The engine's cache makes it quick where
// nothing has changed.
func (d *Docker) Prepare(ctx context.Context, t bench.Target) error {
	made := sha256.Sum256(fmt.Appendf(nil, "%s %s %q", t.Digest, t.Dockerfile, t.BuildArgs)) // fmt sorts maps
	image := "claimbench/" + filepath.Base(t.Context) + ":" + hex.EncodeToString(made[:6])
	args := map[string]*string{}
	for name, value := range t.BuildArgs {
		args[name] = &value
	}
	dir := filepath.Join(d.Root, filepath.FromSlash(t.Context))
	files, err := source.Files(dir)
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(pack(writer, dir, files)) }()
	defer reader.Close()
	resp, err := d.api.ImageBuild(ctx, reader, build.ImageBuildOptions{
		Tags: []string{image}, Dockerfile: t.Dockerfile, BuildArgs: args, Remove: true, ForceRemove: true,
		Labels: map[string]string{label: "true"}, Version: build.BuilderV1,
	})
	if err != nil {
		return engineError(fmt.Errorf("build the image of %s: %w", t.Name, err))
	}
	defer resp.Body.Close()
	if err := followBuild(resp.Body, t); err != nil {
		return err
	}
	d.images.Store(t.Name, image)
	return nil
}

// Size is that of the target's image, its layers that other images share included.
func (d *Docker) Size(ctx context.Context, t bench.Target) (int64, error) {
	image, ok := d.images.Load(t.Name)
	if !ok {
		return 0, fmt.Errorf("%s was not prepared", t.Name)
	}
	seen, err := d.api.ImageInspect(ctx, image.(string))
	if err != nil {
		return 0, engineError(err)
	}
	return seen.Size, nil
}

// pack writes the files as a tar archive whose bytes depend on their contents alone.
func pack(w io.Writer, dir string, files []string) error {
	archive := tar.NewWriter(w)
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: int64(len(data))}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(data); err != nil {
			return err
		}
	}
	return archive.Close()
}

// followBuild reads the engine's account of a build to its end.
func followBuild(body io.Reader, t bench.Target) error {
	var log tail
	for decoder := json.NewDecoder(body); ; {
		var message struct {
			Stream string `json:"stream"`
			Status string `json:"status"`
			Error  string `json:"error"`
		}
		err := decoder.Decode(&message)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return engineError(fmt.Errorf("build the image of %s: %w", t.Name, err))
		case message.Error != "":
			return &Error{Err: fmt.Errorf("build the image of %s: %s", t.Name, printable(message.Error)),
				Hint: "where no image registry can be reached, targets/base/build.sh makes the base images and tells how to choose them",
				Log:  string(log.b)}
		}
		io.WriteString(&log, message.Stream)
	}
}

// Launch creates and starts a container, and waits until its server is ready.
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
		return nil, errors.New("it was not prepared")
	}
	port := nat.Port(containerPort + "/tcp")
	config := &container.Config{
		Image: image.(string), Cmd: t.Command, User: t.Container.User, Labels: d.labels(),
		Env:          variables(t.Env, l.Env, map[string]string{"HOST": "0.0.0.0", "PORT": containerPort}),
		ExposedPorts: nat.PortSet{port: {}},
	}
	init := true // so that zombies are reaped and signals arrive
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(d.network),
		CapDrop:     t.Container.CapDrop, SecurityOpt: t.Container.SecurityOpt,
		ReadonlyRootfs: t.Container.ReadOnly, Tmpfs: map[string]string{}, Init: &init,
		Resources: container.Resources{
			CpusetCpus: l.CPUs,
			Ulimits:    []*container.Ulimit{{Name: "nofile", Soft: openFiles, Hard: openFiles}},
			Memory:     t.Container.MemoryBytes, MemorySwap: t.Container.MemoryBytes, // no swap
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
	if err := awaitReady(ctx, s.url, t, s.Alive); err != nil {
		return err
	}
	if s.placement, err = d.placed(ctx, s, t, cpus); err != nil {
		return err
	}
	s.placement.Address, s.placement.Peer = address, address
	if d.VM {
		s.placement.Peer = inside(seen)
	}
	return nil
}

// address is where the container's server is reached.
func (d *Docker) address(seen container.InspectResponse) (string, error) {
	if d.VM {
		for _, binding := range seen.NetworkSettings.Ports[containerPort+"/tcp"] {
			return net.JoinHostPort(binding.HostIP, binding.HostPort), nil
		}
		return "", errors.New("the engine published no port")
	}
	if address := inside(seen); address != "" {
		return address, nil
	}
	return "", errors.New("the container has no address; it may have ended at once")
}

// inside is the container's address in the run's network; empty where it has none.
func inside(seen container.InspectResponse) string {
	for _, endpoint := range seen.NetworkSettings.Networks {
		if endpoint.IPAddress != "" {
			return net.JoinHostPort(endpoint.IPAddress, containerPort)
		}
	}
	return ""
}

// placed reads back from the kernel what the container was given.
func (d *Docker) placed(ctx context.Context, s *containerServer, t bench.Target, cpus string) (bench.Placement, error) {
	var got bench.Placement
	if s.pid == 0 {
		stats, err := s.stats(ctx)
		if err != nil {
			return got, err
		}
		got.MemoryLimit = int64(stats.MemoryStats.Limit)
		got.Warnings = append(got.Warnings, "the engine's processes cannot be seen from here: CPUs are not verified, and usage is read by the second")
		if d.VM {
			got.Warnings = append(got.Warnings, "Docker in a VM: not evidence")
		}
	} else {
		got.MemoryLimit = cgroup.MemoryLimit(s.pid)
		got.Warnings = append(got.Warnings, memoryCaveat(s.pid)...)
		got.CPUs = cpuset.Of(s.pid).String()
		switch {
		case cpus == "":
			got.Warnings = append(got.Warnings, "the server is not pinned to CPUs of its own")
		case got.CPUs != cpus:
			got.Warnings = append(got.Warnings, fmt.Sprintf("the container was to run on CPUs %s, but runs on %q", cpus, got.CPUs))
		}
	}
	if want := t.Container.MemoryBytes; want > 0 && got.MemoryLimit != want {
		got.Warnings = append(got.Warnings, fmt.Sprintf("the memory limit is %d bytes, not %d", got.MemoryLimit, want))
	}
	return got, nil
}

// Close removes the run's network and, should any be left, its containers.
func (d *Docker) Close(ctx context.Context) error {
	defer d.api.Close()
	if err := d.sweep(ctx); err != nil {
		return engineError(fmt.Errorf("remove the run's network: %w", err))
	}
	return nil
}

// sweep removes the containers and networks that bear the run's label.
func (d *Docker) sweep(ctx context.Context) error {
	ours := filters.NewArgs(filters.Arg("label", labelRun+"="+d.run))
	containers, err := d.api.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
	if err != nil {
		return err
	}
	for _, c := range containers {
		err = errors.Join(err, d.api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true}))
	}
	networks, listed := d.api.NetworkList(ctx, network.ListOptions{Filters: ours})
	for _, n := range networks {
		err = errors.Join(err, d.api.NetworkRemove(ctx, n.ID))
	}
	return errors.Join(err, listed)
}

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

// containerServer is one launch.
type containerServer struct {
	docker    *Docker
	id        string
	pid       int // of the container's first process; 0 where it cannot be seen from here
	url       string
	placement bench.Placement
	once      sync.Once
	stopped   error
	log       string // once removed
}

func (s *containerServer) URL() string                { return s.url }
func (s *containerServer) Placement() bench.Placement { return s.placement }

func (s *containerServer) stats(ctx context.Context) (container.StatsResponse, error) {
	var stats container.StatsResponse
	resp, err := s.docker.api.ContainerStatsOneShot(ctx, s.id)
	if err != nil {
		return stats, engineError(fmt.Errorf("read the container's statistics: %w", err))
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil {
		return stats, engineError(fmt.Errorf("read the container's statistics: %w", err))
	}
	return stats, nil
}

// Usage is that of the container's process tree, read as for plain processes:
// at once and to the nanosecond, where the engine's own statistics wait for its
// collector, up to a second. Those serve where the processes cannot be seen; as
// `docker stats` does, they leave out file pages that the kernel could drop.
func (s *containerServer) Usage(ctx context.Context) (bench.Usage, error) {
	if s.pid != 0 {
		return usage(s.pid)
	}
	stats, err := s.stats(ctx)
	if err != nil {
		return bench.Usage{}, err
	}
	memory := stats.MemoryStats.Usage
	for _, name := range []string{"total_inactive_file", "inactive_file"} { // cgroup v1, v2
		if idle, ok := stats.MemoryStats.Stats[name]; ok && idle < memory {
			memory -= idle
			break
		}
	}
	return bench.Usage{
		CPU:    time.Duration(stats.CPUStats.CPUUsage.TotalUsage),
		Memory: int64(memory),
	}, nil
}

func (s *containerServer) Alive(ctx context.Context) error {
	seen, err := s.docker.api.ContainerInspect(ctx, s.id)
	switch {
	case err != nil:
		return engineError(err)
	case !seen.State.Running:
		return fmt.Errorf("the server has ended: exit status %d%s", seen.State.ExitCode, killedForMemory(seen))
	}
	return nil
}

func killedForMemory(seen container.InspectResponse) string {
	if seen.State.OOMKilled {
		return " (killed: it used more than its memory limit)"
	}
	return ""
}

func (s *containerServer) Log() string {
	if s.log != "" {
		return s.log
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	stream, err := s.docker.api.ContainerLogs(ctx, s.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: "1000"})
	if err != nil {
		return ""
	}
	defer stream.Close()
	var both bytes.Buffer
	stdcopy.StdCopy(&both, &both, stream)
	var last tail
	last.Write(both.Bytes())
	return string(last.b)
}

// Stop ends the container with SIGTERM, or kills it, and removes it.
func (s *containerServer) Stop(ctx context.Context) error {
	s.once.Do(func() { s.stopped = s.stop(ctx) })
	return s.stopped
}

func (s *containerServer) stop(ctx context.Context) error {
	defer s.remove()
	if err := s.Alive(ctx); err != nil {
		return err
	}
	wait := int(StopTimeout / time.Second)
	if err := s.docker.api.ContainerStop(ctx, s.id, container.StopOptions{Timeout: &wait}); err != nil {
		return engineError(fmt.Errorf("stop the container: %w", err))
	}
	seen, err := s.docker.api.ContainerInspect(ctx, s.id)
	switch {
	case err != nil:
		return engineError(err)
	case seen.State.ExitCode == 137:
		return fmt.Errorf("the server did not end within %v of SIGTERM and was killed%s", StopTimeout, killedForMemory(seen))
	case seen.State.ExitCode != 0:
		return fmt.Errorf("after SIGTERM the server ended with exit status %d", seen.State.ExitCode)
	}
	return nil
}

// remove takes the container away, whatever has become of the run's context.
func (s *containerServer) remove() {
	s.log = s.Log()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s.docker.api.ContainerRemove(ctx, s.id, container.RemoveOptions{Force: true, RemoveVolumes: true})
}
