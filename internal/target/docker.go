package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"
)

// Labels of everything that this program creates in Docker.
const (
	label    = "dev.claimbench"     // on all of it
	labelRun = "dev.claimbench.run" // the run it belongs to
)

// Docker launches targets as containers in the run's own network. Make one with NewDocker.
type Docker struct {
	Root   string // the project's folder
	Engine string // versions of the engine, its API and the control groups
	// VM reports whether the engine runs in a virtual machine. Containers then have no
	// address on this machine, and their ports are published.
	VM bool

	api     *client.Client
	run     string
	network string // its id
	gateway string
	images  sync.Map // name of the image by name of the target
}

// ErrEngine is in every error that means that the engine does not answer. No server can be
// launched until it is back.
var ErrEngine = errors.New("docker: the engine does not answer")

// DockerAnswers returns the versions of the engine that the environment names (DOCKER_HOST). It
// returns an error if that engine does not answer within 3 s.
func DockerAnswers(ctx context.Context) (engine string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	api, info, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = api.Close() }()
	return versions(api, info), nil
}

// NewDocker connects to the engine that the environment names and creates the network of the
// run. Close removes that network.
func NewDocker(ctx context.Context, root, run string) (*Docker, error) {
	api, info, err := connect(ctx)
	if err != nil {
		return nil, engineError(err)
	}
	d := &Docker{
		Root:   root,
		Engine: versions(api, info),
		VM:     runtime.GOOS != "linux" || strings.Contains(info.OperatingSystem, "Docker Desktop"),
		api:    api,
		run:    run,
	}
	if err := d.createNetwork(ctx); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = d.Close(closing)
		return nil, engineError(err)
	}
	return d, nil
}

func connect(ctx context.Context) (*client.Client, system.Info, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, system.Info{}, err
	}
	info, err := api.Info(ctx)
	if err != nil {
		_ = api.Close()
		return nil, system.Info{}, err
	}
	return api, info, nil
}

func versions(api *client.Client, info system.Info) string {
	return fmt.Sprintf("%s, API %s, cgroup v%s", info.ServerVersion, api.ClientVersion(), info.CgroupVersion)
}

func engineError(err error) error {
	if client.IsErrConnectionFailed(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{
			Err:  fmt.Errorf("%w: %w", ErrEngine, err),
			Hint: "start the Docker engine, set DOCKER_HOST, or use --runner process",
		}
	}
	return fmt.Errorf("docker: %w", err)
}

// createNetwork creates the network of the run. It first removes what an interrupted session of
// the same run left.
func (d *Docker) createNetwork(ctx context.Context) error {
	if err := d.removeAll(ctx); err != nil {
		return err
	}
	options := network.CreateOptions{Driver: "bridge", Labels: d.labels()}
	made, err := d.api.NetworkCreate(ctx, "claimbench-"+d.run, options)
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

func (d *Docker) labels() map[string]string { return map[string]string{label: "true", labelRun: d.run} }

// Host returns the gateway of the run's network, which is this machine. If the engine runs in a
// virtual machine, reach is the name that Docker Desktop gives this machine.
func (d *Docker) Host() (reach, bind string) {
	if d.VM {
		return "host.docker.internal", "127.0.0.1"
	}
	return d.gateway, d.gateway
}

// Close removes the network of the run and any containers that are left in it.
func (d *Docker) Close(ctx context.Context) error {
	defer func() { _ = d.api.Close() }()
	if err := d.removeAll(ctx); err != nil {
		return engineError(fmt.Errorf("remove the run's network: %w", err))
	}
	return nil
}

// removeAll removes the containers and networks that have the label of the run.
func (d *Docker) removeAll(ctx context.Context) error {
	ours := filters.NewArgs(filters.Arg("label", labelRun+"="+d.run))
	containers, err := d.api.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
	if err != nil {
		return err
	}
	for _, c := range containers {
		err = errors.Join(err, d.removeContainer(ctx, c.ID))
	}
	networks, listed := d.api.NetworkList(ctx, network.ListOptions{Filters: ours})
	for _, n := range networks {
		err = errors.Join(err, d.api.NetworkRemove(ctx, n.ID))
	}
	return errors.Join(err, listed)
}

// removeContainer removes a container, whatever its state, with its volumes.
func (d *Docker) removeContainer(ctx context.Context, id string) error {
	return d.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
}
