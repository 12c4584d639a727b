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

// Catalogue holds everything that can be run.
type Catalogue struct {
	Targets  []bench.Target  // sorted by name
	Services []bench.Service // the other services of the compose file, sorted by name
}

// XBench is the x-bench block that makes a compose service a server to measure.
type XBench struct {
	Runtime   string     `json:"runtime"`
	Framework string     `json:"framework"`
	Tier      string     `json:"tier"`
	Prepare   [][]string `json:"prepare,omitempty"`
	Locks     []string   `json:"locks,omitempty"`
	Version   []string   `json:"version,omitempty"`
	Path      []string   `json:"path,omitempty"`
	// Ready is how long a server may take to become ready; by default 30 s.
	Ready        bench.Duration `json:"ready,omitzero"`
	Settings     []string       `json:"settings,omitempty"`
	QuickstartOf string         `json:"quickstart_of,omitempty"`
	Optional     string         `json:"optional,omitempty"`
	About        map[string]any `json:"about,omitempty"`
}

// XService is the x-service block of a service that bench launches for the servers. A service without it is
// bench's own.
type XService struct {
	Gives  map[string]string `json:"gives,omitempty"`
	Count  string            `json:"count,omitempty"`
	Fronts bool              `json:"fronts,omitempty"`
}

// monitoring is the compose profile of services that watch a run. They are not part of it.
const monitoring = "monitoring"

// LoadCatalogue reads docker-compose.yml in the folder root, with variables from the environment and from .env,
// as Compose does.
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
		service := &composeService{document: d, root: root, name: name, config: project.Services[name]}
		if _, ok := service.config.Extensions["x-bench"]; ok {
			target, err := service.newTarget()
			if err != nil {
				return nil, err
			}
			c.Targets = append(c.Targets, target)
			continue
		}
		if slices.Contains(service.config.Profiles, monitoring) {
			continue
		}
		used, err := service.newService()
		if err != nil {
			return nil, err
		}
		c.Services = append(c.Services, used)
	}
	for _, t := range c.Targets {
		isOriginal := func(o bench.Target) bool { return o.Name == t.QuickstartOf && o.Production() }
		if t.QuickstartOf != "" && !slices.ContainsFunc(c.Targets, isOriginal) {
			return nil, d.Errorf("services."+t.Name+".x-bench.quickstart_of", "there is no server %q", t.QuickstartOf)
		}
	}
	if len(c.Targets) == 0 {
		return nil, d.Errorf("services", "no service has an x-bench block, so there is no server to measure")
	}
	return c, nil
}

// loadCompose reads the file with compose-go. It discards compose-go's warnings: whatever that cannot read is
// an error.
func loadCompose(ctx context.Context, root, file string) (*types.Project, error) {
	logrus.SetOutput(io.Discard)
	defer logrus.SetOutput(os.Stderr)
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithName("claimbench"),
		cli.WithWorkingDirectory(root),
		cli.WithOsEnv,
		cli.WithEnvFiles(),
		cli.WithDotEnv,
		cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

// checkBlocks finds the places of the file's fields, and checks the x-bench blocks as strictly as all other
// files.
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

// composeService is a service of the compose file.
type composeService struct {
	document *document
	root     string // the catalogue's folder
	name     string
	config   types.ServiceConfig
}

// newTarget returns the entry of a server.
func (s *composeService) newTarget() (bench.Target, error) {
	d, at := s.document, "services."+s.name
	var x XBench
	if err := d.block(at+".x-bench", s.config.Extensions["x-bench"], &x); err != nil {
		return bench.Target{}, err
	}
	if x.Runtime == "" || x.Framework == "" || x.Tier == "" {
		return bench.Target{}, d.Errorf(at+".x-bench", "give runtime, framework and tier")
	}
	t, files, err := s.launched()
	if err != nil {
		return t, err
	}
	for i, lock := range x.Locks {
		if !slices.Contains(files, lock) {
			return t, d.Errorf(fmt.Sprintf("%s.x-bench.locks[%d]", at, i), "%s has no file %s", t.Context, lock)
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

// newService returns the entry of a service that servers use.
func (s *composeService) newService() (bench.Service, error) {
	block, ok := s.config.Extensions["x-service"]
	if !ok {
		return bench.Service{Target: bench.Target{Name: s.name}}, nil
	}
	var x XService
	if err := s.document.block("services."+s.name+".x-service", block, &x); err != nil {
		return bench.Service{}, err
	}
	t, _, err := s.launched()
	t.Runtime, t.TCP = s.name, true
	return bench.Service{Target: t, Gives: x.Gives, Count: x.Count, Fronts: x.Fronts}, err
}

// launched returns the entry that a service of the file is launched as, with the files of its source.
func (s *composeService) launched() (t bench.Target, files []string, err error) {
	d, service, at := s.document, s.config, "services."+s.name
	switch {
	case service.Build == nil || service.Build.Context == "":
		return t, nil, d.Errorf(at, "a service that bench launches needs build.context")
	case len(service.Command) == 0:
		return t, nil, d.Errorf(at, "a service that bench launches needs a command, so that it also runs without Docker")
	}
	if field := notApplied(service); field != "" {
		return t, nil, d.Errorf(at+"."+field,
			"bench does not apply this field, so it would measure something other than Compose starts")
	}
	folder, err := filepath.Rel(s.root, service.Build.Context)
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
		Name: s.name, Context: filepath.ToSlash(folder), Digest: digest, Dockerfile: service.Build.Dockerfile,
		BuildArgs: mapping(service.Build.Args), Command: service.Command, Env: mapping(service.Environment),
		Container: bench.Container{
			User: service.User, CapDrop: service.CapDrop, SecurityOpt: service.SecurityOpt,
			ReadOnly: service.ReadOnly, Tmpfs: service.Tmpfs, MemoryBytes: int64(service.MemLimit),
		},
		Ready: bench.Duration{Duration: defaultReady},
	}, files, nil
}

// notApplied returns a field of the service that changes what runs and that the launchers do not apply. It is
// empty if there is none.
func notApplied(s types.ServiceConfig) string {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"entrypoint", len(s.Entrypoint) > 0},
		{"working_dir", s.WorkingDir != ""},
		{"volumes", len(s.Volumes) > 0},
		{"deploy", s.Deploy != nil},
		{"cpus", s.CPUS != 0},
		{"cpuset", s.CPUSet != ""},
		{"cpu_quota", s.CPUQuota != 0},
		{"cpu_shares", s.CPUShares != 0},
		{"ulimits", len(s.Ulimits) > 0},
		{"env_file", len(s.EnvFiles) > 0},
		{"privileged", s.Privileged},
		{"cap_add", len(s.CapAdd) > 0},
		{"devices", len(s.Devices) > 0},
		{"group_add", len(s.GroupAdd) > 0},
		{"network_mode", s.NetworkMode != ""},
		{"sysctls", len(s.Sysctls) > 0},
		{"shm_size", s.ShmSize != 0},
		{"pids_limit", s.PidsLimit != 0},
		{"memswap_limit", s.MemSwapLimit != 0},
		{"mem_reservation", s.MemReservation != 0},
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
