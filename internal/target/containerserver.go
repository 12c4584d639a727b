package target

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/claimbench/claimbench/internal/bench"
)

// killedStatus is the exit status of a process that SIGKILL ended: 128 + 9.
const killedStatus = 137

// containerServer is one launch of a target in a container.
type containerServer struct {
	docker    *Docker
	id        string
	pid       int // of the container's first process; 0 if it is not visible from here
	url       string
	placement bench.Placement
	once      sync.Once
	stopped   error
	log       string // set once the container is removed
}

func (s *containerServer) URL() string                { return s.url }
func (s *containerServer) Placement() bench.Placement { return s.placement }

// Usage reads the container's process tree as it does for plain processes: at once, and exact to
// the nanosecond. The engine's own statistics wait for its collector, up to a second. They serve
// if the processes are not visible here. Like `docker stats`, they then leave out file pages that
// the kernel could drop.
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

func (s *containerServer) stats(ctx context.Context) (container.StatsResponse, error) {
	var stats container.StatsResponse
	resp, err := s.docker.api.ContainerStatsOneShot(ctx, s.id)
	if err != nil {
		return stats, engineError(fmt.Errorf("read the container's statistics: %w", err))
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil {
		return stats, engineError(fmt.Errorf("read the container's statistics: %w", err))
	}
	return stats, nil
}

// Alive returns an error if the container does not run.
func (s *containerServer) Alive(ctx context.Context) error {
	seen, err := s.docker.api.ContainerInspect(ctx, s.id)
	switch {
	case err != nil:
		return engineError(err)
	case !seen.State.Running:
		return fmt.Errorf("the server exited: exit status %d%s", seen.State.ExitCode, killedForMemory(seen))
	}
	return nil
}

func killedForMemory(seen container.InspectResponse) string {
	if seen.State.OOMKilled {
		return " (killed: it used more than its memory limit)"
	}
	return ""
}

// Log returns the last logLimit bytes that the container wrote to stdout and stderr, empty if the
// engine does not give them.
func (s *containerServer) Log() string {
	if s.log != "" {
		return s.log
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: "1000"}
	stream, err := s.docker.api.ContainerLogs(ctx, s.id, options)
	if err != nil {
		return ""
	}
	defer func() { _ = stream.Close() }()
	var both bytes.Buffer
	_, _ = stdcopy.StdCopy(&both, &both, stream)
	var last logTail
	_, _ = last.Write(both.Bytes())
	return last.String()
}

// Stop stops the container with SIGTERM, or kills it, and removes it.
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
	case seen.State.ExitCode == killedStatus:
		return fmt.Errorf("%w%s", errKilled, killedForMemory(seen))
	case seen.State.ExitCode != 0:
		return fmt.Errorf("after SIGTERM the server exited: exit status %d", seen.State.ExitCode)
	}
	return nil
}

// remove removes the container, even if the run's context is done. It keeps the log.
func (s *containerServer) remove() {
	s.log = s.Log()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_ = s.docker.removeContainer(ctx, s.id)
}
