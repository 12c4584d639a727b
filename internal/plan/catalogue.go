package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/source"
	"github.com/claimbench/claimbench/internal/strictyaml"
)

// defaultReady is how long a server may take to become ready.
const defaultReady = 30 * time.Second

// ComposeFile is the catalogue's name in the project's folder.
const ComposeFile = "docker-compose.yml"

// Catalogue is what can be run.
type Catalogue struct {
	Targets []bench.Target // sorted by name
	// Services are the compose services that are no targets: what targets lean on;
	// sorted by name.
	Services []bench.Service
}

// XBench is the x-bench block that makes a compose service a target.
type XBench struct {
	Runtime   string     `json:"runtime"`
	Framework string     `json:"framework"`
	Tier      string     `json:"tier"`
	Prepare   [][]string `json:"prepare,omitempty"`
	Locks     []string   `json:"locks,omitempty"`
	Version   []string   `json:"version,omitempty"`
	Path      []string   `json:"path,omitempty"`
	// Ready is how long a server may take to become ready; 30 s where it is not given.
	Ready        bench.Duration `json:"ready,omitzero"`
	Settings     []string       `json:"settings,omitempty"`
	QuickstartOf string         `json:"quickstart_of,omitempty"`
	Optional     string         `json:"optional,omitempty"`
	About        map[string]any `json:"about,omitempty"`
}

// XService is the x-service block of a service that bench launches beside the
// targets. A service without one is bench's own.
type XService struct {
	Gives  map[string]string `json:"gives,omitempty"`
	Count  string            `json:"count,omitempty"`
	Fronts bool              `json:"fronts,omitempty"`
}

// monitoring is the profile of what watches a run, which is no part of it.
const monitoring = "monitoring"

// LoadCatalogue reads docker-compose.yml in the folder root, with variables
// from the environment and from .env, as Compose does.
func LoadCatalogue(ctx context.Context, root string) (*Catalogue, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(root, ComposeFile)
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d, err := checkBlocks(file, data)
	if err != nil {
		return nil, err
	}
	project, err := loadCompose(ctx, root, file)
	if err != nil {
		return nil, d.composeError(err)
	}
	c := &Catalogue{}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		service := project.Services[name]
		if block, ok := service.Extensions["x-bench"]; ok {
			target, err := newTarget(d, root, name, service, block)
			if err != nil {
				return nil, err
			}
			c.Targets = append(c.Targets, target)
			continue
		}
		if slices.Contains(service.Profiles, monitoring) {
			continue
		}
		leaned, err := newService(d, root, name, service)
		if err != nil {
			return nil, err
		}
		c.Services = append(c.Services, leaned)
	}
	for _, t := range c.Targets {
		if of := t.QuickstartOf; of != "" && !slices.ContainsFunc(c.Targets, func(o bench.Target) bool { return o.Name == of && o.Production() }) {
			return nil, d.Errorf("services."+t.Name+".x-bench.quickstart_of", "no target %q", of)
		}
	}
	if len(c.Targets) == 0 {
		return nil, d.Errorf("services", "no service has an x-bench block, so there is no target")
	}
	return c, nil
}

// loadCompose has compose-go read the file. Its warnings are of no use here:
// what it cannot read is an error.
func loadCompose(ctx context.Context, root, file string) (*types.Project, error) {
	logrus.SetOutput(io.Discard)
	defer logrus.SetOutput(os.Stderr)
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithName("claimbench"), cli.WithWorkingDirectory(root), cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv, cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

// checkBlocks reads the file for the places of its fields, and checks the
// x-bench blocks as strictly as all other files.
func checkBlocks(file string, data []byte) (*document, error) {
	var shape struct {
		Services map[string]struct {
			XBench   XBench   `json:"x-bench"`
			XService XService `json:"x-service"`
			Others   any      `json:"*"`
		} `json:"services"`
		Others any `json:"*"`
	}
	d, err := strictyaml.Check(file, data, &shape)
	if err != nil {
		return nil, err
	}
	return &document{d}, nil
}

var composePath = regexp.MustCompile(`services\.[A-Za-z0-9._-]+[A-Za-z0-9_-]|service "?([A-Za-z0-9._-]+)"?`)

// composeError places an error of compose-go, which names fields but no lines.
func (d *document) composeError(err error) error {
	text := strings.TrimPrefix(err.Error(), "validating "+d.File+": ")
	match := composePath.FindStringSubmatch(text)
	if match == nil {
		return d.Errorf("", "%s", text)
	}
	field := match[0]
	if match[1] != "" {
		field = "services." + match[1]
	}
	return d.Errorf(field, "%s", strings.TrimLeft(strings.TrimPrefix(text, field), ": "))
}

// block decodes an x-… block.
func (d *document) block(at string, block, into any) error {
	raw, err := json.Marshal(block)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(into)
	}
	if err != nil {
		return d.Errorf(at, "%v", err)
	}
	return nil
}

func newTarget(d *document, root, name string, service types.ServiceConfig, block any) (bench.Target, error) {
	at := "services." + name
	var x XBench
	if err := d.block(at+".x-bench", block, &x); err != nil {
		return bench.Target{}, err
	}
	if x.Runtime == "" || x.Framework == "" || x.Tier == "" {
		return bench.Target{}, d.Errorf(at+".x-bench", "runtime, framework and tier must be given")
	}
	t, files, err := launched(d, root, name, service)
	if err != nil {
		return t, err
	}
	for i, lock := range x.Locks {
		if !slices.Contains(files, lock) {
			return t, d.Errorf(fmt.Sprintf("%s.x-bench.locks[%d]", at, i), "no file %s in %s", lock, t.Context)
		}
	}
	t.Runtime, t.Framework, t.Tier = x.Runtime, x.Framework, x.Tier
	t.Prepare, t.Locks, t.Version, t.Path = x.Prepare, x.Locks, x.Version, x.Path
	t.Settings, t.QuickstartOf, t.Optional, t.About = x.Settings, x.QuickstartOf, x.Optional, x.About
	if x.Ready.Duration > 0 {
		t.Ready = x.Ready
	}
	return t, nil
}

func newService(d *document, root, name string, service types.ServiceConfig) (bench.Service, error) {
	block, ok := service.Extensions["x-service"]
	if !ok {
		return bench.Service{Target: bench.Target{Name: name}}, nil
	}
	var x XService
	if err := d.block("services."+name+".x-service", block, &x); err != nil {
		return bench.Service{}, err
	}
	t, _, err := launched(d, root, name, service)
	t.Runtime, t.TCP = name, true
	return bench.Service{Target: t, Gives: x.Gives, Count: x.Count, Fronts: x.Fronts}, err
}

// launched is what a service of the file is launched as, with the files of its source.
func launched(d *document, root, name string, service types.ServiceConfig) (t bench.Target, files []string, err error) {
	at := "services." + name
	switch {
	case service.Build == nil || service.Build.Context == "":
		return t, nil, d.Errorf(at, "a service that bench launches needs build.context")
	case len(service.Command) == 0:
		return t, nil, d.Errorf(at, "a service that bench launches needs a command, so that it runs without Docker too")
	}
	if field := notApplied(service); field != "" {
		return t, nil, d.Errorf(at+"."+field, "bench would not apply it, and so measure something else than Compose starts")
	}
	folder, err := filepath.Rel(root, service.Build.Context)
	if err != nil || !filepath.IsLocal(folder) {
		return t, nil, d.Errorf(at+".build.context", "%s is outside the project", service.Build.Context)
	}
	if files, err = source.Files(service.Build.Context); err != nil {
		return t, nil, d.Errorf(at+".build.context", "%v", err)
	}
	digest, err := source.Digest(service.Build.Context, files)
	if err != nil {
		return t, nil, d.Errorf(at+".build.context", "%v", err)
	}
	return bench.Target{
		Name: name, Context: filepath.ToSlash(folder), Digest: digest, Dockerfile: service.Build.Dockerfile,
		BuildArgs: mapping(service.Build.Args), Command: service.Command, Env: mapping(service.Environment),
		Container: bench.Container{
			User: service.User, CapDrop: service.CapDrop, SecurityOpt: service.SecurityOpt,
			ReadOnly: service.ReadOnly, Tmpfs: service.Tmpfs, MemoryBytes: int64(service.MemLimit),
		},
		Ready: bench.Duration{Duration: defaultReady},
	}, files, nil
}

// notApplied is a field of the service that changes what runs and that the
// launchers do not know; "" where there is none.
func notApplied(s types.ServiceConfig) string {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"entrypoint", len(s.Entrypoint) > 0}, {"working_dir", s.WorkingDir != ""}, {"volumes", len(s.Volumes) > 0},
		{"deploy", s.Deploy != nil}, {"cpus", s.CPUS != 0}, {"cpuset", s.CPUSet != ""}, {"cpu_quota", s.CPUQuota != 0},
		{"cpu_shares", s.CPUShares != 0}, {"ulimits", len(s.Ulimits) > 0}, {"env_file", len(s.EnvFiles) > 0},
		{"privileged", s.Privileged}, {"cap_add", len(s.CapAdd) > 0}, {"devices", len(s.Devices) > 0}, {"group_add", len(s.GroupAdd) > 0},
		{"network_mode", s.NetworkMode != ""}, {"sysctls", len(s.Sysctls) > 0}, {"shm_size", s.ShmSize != 0},
		{"pids_limit", s.PidsLimit != 0}, {"memswap_limit", s.MemSwapLimit != 0}, {"mem_reservation", s.MemReservation != 0},
	} {
		if f.set {
			return f.name
		}
	}
	return ""
}

func mapping(m types.MappingWithEquals) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		if v != nil {
			out[k] = *v
		}
	}
	return out
}
