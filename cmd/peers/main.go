// Command peers measures bench's load generator beside those that people use, on
// servers of our own that know the truth: how true their figures are, and how much
// they can send. It installs what it needs of them from Go's registry; wrk must be
// installed. Everything runs on this machine: the tools on one CPU, the server on
// another, one tool at a time, in an order that moves on with each round.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"

	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/reference"
)

func main() {
	rounds := flag.Int("rounds", 3, "how often each tool measures")
	duration := flag.Duration("duration", 5*time.Second, "how long each measurement takes")
	flag.Parse()
	if err := run(os.Stdout, os.Stderr, *rounds, *duration); err != nil {
		fmt.Fprintln(os.Stderr, "peers: error:", err)
		os.Exit(1)
	}
}

var rates = []int{2000, 10000, 20000}

func run(stdout, stderr io.Writer, rounds int, duration time.Duration) error {
	cores := cpuset.Allowed().Cores()
	if len(cores) < 2 {
		return errors.New("it takes two cores: one for the tools, one for the server")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	b := &bed{folder: filepath.Join(cache, "claimbench", "peers"), generator: cores[0][:1], duration: duration}
	server := cores[1][:1]
	if err := b.install(stderr); err != nil {
		return err
	}
	accuracy, err := b.accuracy(stderr, server, rounds)
	if err != nil {
		return err
	}
	capacity, err := b.capacity(stderr, server, rounds)
	if err != nil {
		return err
	}
	machine(stdout, b, rounds)
	printAccuracy(stdout, b, accuracy)
	printCapacity(stdout, b, capacity)
	return nil
}

// install builds bench, installs the tools that are missing, and leaves out what cannot be had.
func (b *bed) install(stderr io.Writer) error {
	bin := filepath.Join(b.folder, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "bench"), "./cmd/bench")
	build.Stderr = stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build bench (run this in the project's folder): %w", err)
	}
	for _, t := range tools {
		if t.module != "" {
			// A folder of its own for each version, so that a new one is installed.
			versioned := filepath.Join(b.folder, strings.ReplaceAll(t.module, "/", "_"))
			if !exists(filepath.Join(versioned, t.name)) {
				fmt.Fprintf(stderr, "installing %s\n", t.module)
				install := exec.Command("go", "install", t.module)
				install.Env = append(os.Environ(), "GOBIN="+versioned)
				install.Stderr = stderr
				if err := install.Run(); err != nil {
					return fmt.Errorf("install %s: %w", t.module, err)
				}
			}
			os.Remove(filepath.Join(bin, t.name))
			if err := os.Symlink(filepath.Join(versioned, t.name), filepath.Join(bin, t.name)); err != nil {
				return err
			}
		} else if _, err := exec.LookPath(b.path(t.name)); err != nil {
			return fmt.Errorf("%s is not installed: apt-get install %s", t.name, t.name)
		}
		b.tools = append(b.tools, t)
	}
	return nil
}

// trueness is what a tool reported in one round, and what was true.
type trueness struct {
	reported
	truth reference.Truth
}

type cell struct {
	tool string
	rate int
}

// accuracy has every tool that has an open loop drive the truth server.
func (b *bed) accuracy(stderr io.Writer, server cpuset.Set, rounds int) (map[cell][]trueness, error) {
	found := map[cell][]trueness{}
	for round := range rounds {
		for _, rate := range rates {
			for i := range b.tools {
				t := b.tools[(i+round)%len(b.tools)]
				if t.open == nil {
					continue
				}
				fmt.Fprintf(stderr, "round %d of %d: %s at %d/s\n", round+1, rounds, t.name, rate)
				truth, err := reference.Start(b.path("bench"), "truth", server)
				if err != nil {
					return nil, err
				}
				var got trueness
				got.reported, err = t.open(b, truth.URL+"/", rate)
				if err == nil {
					got.truth, err = truth.Truth(context.Background())
				}
				if _, stopped := truth.Stop(); err == nil {
					err = stopped
				}
				if err != nil {
					return nil, err
				}
				found[cell{t.name, rate}] = append(found[cell{t.name, rate}], got)
			}
		}
	}
	return found, nil
}

// capacity has every tool drive the null server in a closed loop.
func (b *bed) capacity(stderr io.Writer, server cpuset.Set, rounds int) (map[string][]float64, error) {
	found := map[string][]float64{}
	for round := range rounds {
		for i := range b.tools {
			t := b.tools[(i+round)%len(b.tools)]
			fmt.Fprintf(stderr, "round %d of %d: %s in a closed loop\n", round+1, rounds, t.name)
			null, err := reference.Start(b.path("bench"), "null", server)
			if err != nil {
				return nil, err
			}
			rate, err := t.closed(b, null.URL+"/")
			if _, stopped := null.Stop(); err == nil {
				err = stopped
			}
			if err != nil {
				return nil, err
			}
			found[t.name] = append(found[t.name], rate)
		}
	}
	return found, nil
}

func machine(w io.Writer, b *bed, rounds int) {
	var model, kernel string
	if info, err := cpu.Info(); err == nil && len(info) > 0 {
		model = info[0].ModelName
	}
	if info, err := host.Info(); err == nil {
		kernel = strings.TrimSpace(info.Platform + " " + info.PlatformVersion + ", kernel " + info.KernelVersion)
		if info.VirtualizationRole == "guest" {
			kernel += ", a virtual machine"
		}
	}
	fmt.Fprintf(w, "%s, %s. Tools on CPU %s, server on another; %d rounds of %v, %s.\n",
		model, kernel, b.generator, rounds, b.duration, time.Now().Format("2 January 2006"))
	var versions []string
	for _, t := range b.tools {
		if _, version, ok := strings.Cut(t.module, "@"); ok {
			versions = append(versions, t.name+" "+version)
		}
	}
	fmt.Fprintf(w, "%s; wrk as the distribution has it.\n\n", strings.Join(versions, ", "))
}

// middle is the round whose reported quantile is as far from the truth, as a ratio
// either way, as the median of all rounds.
func middle(rounds []trueness, q float64) trueness {
	sorted := slices.SortedFunc(slices.Values(rounds), func(a, b trueness) int {
		return cmp.Compare(math.Abs(math.Log(ratio(a, q))), math.Abs(math.Log(ratio(b, q))))
	})
	return sorted[len(sorted)/2]
}

func ratio(t trueness, q float64) float64 {
	return float64(max(t.At(q), 1)) / float64(max(t.truth.At(q), 1))
}

func printAccuracy(w io.Writer, b *bed, found map[cell][]trueness) {
	fmt.Fprint(w, "Accuracy: latency in microseconds as reported/true, in the round with the median error.\n\n")
	fmt.Fprint(w, "| tool | rate | sent | p50 | p99 | p99.9 | p99 off by |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, t := range b.tools {
		for _, rate := range rates {
			rounds := found[cell{t.name, rate}]
			if len(rounds) == 0 {
				continue
			}
			pair := func(q float64) string {
				m := middle(rounds, q)
				return fmt.Sprintf("%d / %d", m.At(q).Microseconds(), m.truth.At(q).Microseconds())
			}
			var sent []float64
			for _, r := range rounds {
				sent = append(sent, float64(r.requests)/(float64(rate)*b.duration.Seconds())*100)
			}
			fmt.Fprintf(w, "| %s | %d/s | %.0f%% | %s | %s | %s | %.2f× |\n", t.name, rate, inference.Median(sent), pair(.5), pair(.99), pair(.999), ratio(middle(rounds, .99), .99))
		}
	}
	fmt.Fprint(w, "\nOurs, held against max(20 µs, 5% of the truth): the median over rounds of what is reported less what is true, in microseconds; and lag.\n\n")
	fmt.Fprint(w, "| rate | p50 | p99 | p99.9 | lag p50 | lag p99 |\n|---:|---:|---:|---:|---:|---:|\n")
	for _, rate := range rates {
		rounds := found[cell{"bench", rate}]
		off := func(q float64) string {
			var errs, allowed []float64
			for _, r := range rounds {
				errs = append(errs, math.Abs((r.At(q)-r.truth.At(q)).Seconds())*1e6)
				allowed = append(allowed, max(20, r.truth.At(q).Seconds()*1e6/20))
			}
			return fmt.Sprintf("%.0f of %.0f", inference.Median(errs), inference.Median(allowed))
		}
		lag := func(q float64) string {
			var lags []float64
			for _, r := range rounds {
				lags = append(lags, float64(r.lag.At(q).Microseconds()))
			}
			return fmt.Sprintf("%.0f", inference.Median(lags))
		}
		fmt.Fprintf(w, "| %d/s | %s | %s | %s | %s | %s |\n", rate, off(.5), off(.99), off(.999), lag(.5), lag(.99))
	}
}

func printCapacity(w io.Writer, b *bed, found map[string][]float64) {
	fmt.Fprintf(w, "\nCapacity: requests a second in a closed loop over %d connections, median of the rounds.\n\n", connections)
	fmt.Fprint(w, "| tool | requests/s | of wrk's | of vegeta's | rounds |\n|---|---:|---:|---:|---|\n")
	wrk, stock := inference.Median(found["wrk"]), inference.Median(found["vegeta"])
	for _, t := range b.tools {
		var all []string
		for _, x := range found[t.name] {
			all = append(all, fmt.Sprintf("%.0f", x))
		}
		rate := inference.Median(found[t.name])
		fmt.Fprintf(w, "| %s | %.0f | %.2f | %.2f | %s |\n", t.name, rate, rate/wrk, rate/stock, strings.Join(all, ", "))
	}
}
