package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

// third is the folder of the trial whose files the tests change.
const third = "trials/003-json-node-a/"

// edit changes a JSON file of a run directory.
func edit(dir, name string, change func(map[string]any)) error {
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	change(v)
	if data, err = json.Marshal(v); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// editJournal changes the lines of a run directory's journal.
func editJournal(dir string, change func(lines []string) ([]string, error)) error {
	path := filepath.Join(dir, record.JournalFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines, err := change(strings.Split(string(data), "\n"))
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
}

// replace copies a file of the first trial of node-a over that of the third trial.
func replace(dir, name string) error {
	data, err := os.ReadFile(filepath.Join(dir, "trials/001-json-node-a", name))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, third, name), data, 0o644)
}

// directoryTest changes a run directory of six rounds.
type directoryTest struct {
	name   string
	change func(dir string) error
	rounds int    // that enter the comparison afterwards
	warns  string // part of a warning
}

func (c directoryTest) run(t *testing.T, s recordtest.Study) {
	dir := s.Write(t)
	if err := c.change(dir); err != nil {
		t.Fatal(err)
	}
	v := judged(t, dir)
	if got := v.Claims[0].Tests[0].Rounds; got != c.rounds {
		t.Errorf("%d rounds entered, want %d", got, c.rounds)
	}
	if c.rounds == 0 && v.Claims[0].Verdict != bench.NotTested {
		t.Errorf("no round entered, but the verdict is %s", v.Claims[0].Verdict)
	}
	if !anyContains(v.Warnings, c.warns) {
		t.Errorf("warnings are %q, want one with %q", v.Warnings, c.warns)
	}
}

// A damaged directory gives a warning, and no verdict comes from what is damaged.
func TestDamagedDirectories(t *testing.T) {
	for _, c := range []directoryTest{
		{
			name:   "a result is missing",
			change: func(dir string) error { return os.Remove(filepath.Join(dir, third, "result.json")) },
			rounds: 5,
			warns:  "its result.json is missing",
		},
		{
			name:   "hits are missing",
			change: func(dir string) error { return os.Remove(filepath.Join(dir, third, "hits.parquet")) },
			rounds: 5,
			warns:  "trial 3 is left out",
		},
		{
			name:   "hits are cut short",
			change: func(dir string) error { return os.Truncate(filepath.Join(dir, third, "hits.parquet"), 700) },
			rounds: 5,
			warns:  "its hits.parquet is not the file that was recorded",
		},
		{
			name: "hits are garbage",
			change: func(dir string) error {
				garbage := bytes.Repeat([]byte("PAR1"), 99)
				return os.WriteFile(filepath.Join(dir, third, "hits.parquet"), garbage, 0o644)
			},
			rounds: 5,
			warns:  "its hits.parquet is not the file that was recorded",
		},
		{
			name:   "a result is of another trial",
			change: func(dir string) error { return replace(dir, "result.json") },
			rounds: 5,
			warns:  "not of that trial",
		},
		{
			name:   "a result is half a file",
			change: func(dir string) error { return os.Truncate(filepath.Join(dir, third, "result.json"), 40) },
			rounds: 5,
			warns:  "damaged",
		},
		{
			name: "a journal line is damaged",
			change: func(dir string) error {
				f, err := os.OpenFile(filepath.Join(dir, record.JournalFile), os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					return err
				}
				defer f.Close()
				_, err = fmt.Fprintln(f, `{"time":`)
				return err
			},
			rounds: 6,
			warns:  "damaged line",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, recordtest.Study{
				Rounds: 6,
				Claims: [][]bench.Test{{moreNode}},
				Speed:  recordtest.Speeds(4*ms, 8*ms),
				Noise:  .02,
			})
		})
	}
}

// copyTrial makes the third trial a copy of the first, and its journal entry too.
func copyTrial(dir string) error {
	if err := replace(dir, record.HitsFile); err != nil {
		return err
	}
	sums, err := record.Sums(dir)
	if err != nil {
		return err
	}
	return editJournal(dir, func(lines []string) ([]string, error) {
		for i, l := range lines {
			var e record.Entry
			if json.Unmarshal([]byte(l), &e) != nil || e.Trial != 3 {
				continue
			}
			e.Sums[record.HitsFile] = sums[third+record.HitsFile]
			line, err := json.Marshal(e)
			if err != nil {
				return nil, err
			}
			lines[i] = string(line)
		}
		return lines, nil
	})
}

// A forged directory gives a clear warning, and no verdict comes from what was forged.
func TestForgedDirectories(t *testing.T) {
	for _, c := range []directoryTest{
		{
			name: "a result is edited",
			change: func(dir string) error {
				return edit(dir, third+"result.json", func(v map[string]any) { v["ready_ns"] = 1 })
			},
			rounds: 5,
			warns:  "trial 3 is left out: its result.json is not the file that was recorded",
		},
		{
			name:   "a log is edited",
			change: func(dir string) error { return os.WriteFile(filepath.Join(dir, third, "server.log"), nil, 0o644) },
			rounds: 5,
			warns:  "its server.log is not the file",
		},
		{
			name:   "hits are another trial's",
			change: func(dir string) error { return replace(dir, "hits.parquet") },
			rounds: 5,
			warns:  "its hits.parquet is not the file",
		},
		{
			name: "the plan is another",
			change: func(dir string) error {
				return edit(dir, "plan.json", func(v map[string]any) { v["seed"] = 5 })
			},
			warns: "made with another plan",
		},
		{
			name: "the machine is another",
			change: func(dir string) error {
				return edit(dir, "environment.json", func(v map[string]any) { v["machine"] = "other" })
			},
			warns: "made on another machine",
		},
		{
			name: "the journal does not have the trial",
			change: func(dir string) error {
				return editJournal(dir, func(lines []string) ([]string, error) {
					of3 := func(l string) bool { return strings.Contains(l, `"trial":3,`) }
					return slices.DeleteFunc(lines, of3), nil
				})
			},
			rounds: 5,
			warns:  "the journal does not record its end",
		},
		{
			name:   "a trial is a copy, and its journal too",
			change: copyTrial,
			rounds: 5,
			warns:  "its hits are those of trial 1",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, recordtest.Study{
				Rounds:    6,
				Claims:    [][]bench.Test{{moreNode}},
				Speed:     recordtest.Speeds(4*ms, 8*ms),
				Noise:     .02,
				Directory: recordtest.Directory{Environment: bench.Environment{Machine: "this"}},
			})
		})
	}
}

func TestNoPlanNoVerdict(t *testing.T) {
	refused := func(dir, want string) {
		t.Helper()
		if _, err := record.Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	refused(t.TempDir(), "is not a run directory")
	dir := recordtest.Study{Rounds: 1, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(1, 1)}.Write(t)
	data, err := os.ReadFile(filepath.Join(dir, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(data), fmt.Sprintf(`"schema": %d`, bench.PlanSchema), `"schema": 99`, 1)
	if err := os.WriteFile(filepath.Join(dir, "plan.json"), []byte(newer), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(dir, "newer bench")
}
