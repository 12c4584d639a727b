package cpuset

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

func TestParseAndString(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "0": "0", "0-3,8": "0-3,8", "3,1,2": "1-3", "0,0": "0", "1,3,5-6\n": "1,3,5-6",
	} {
		set, err := Parse(text)
		if err != nil || set.String() != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", text, set, err, want)
		}
	}
	for _, bad := range []string{"a", "3-1", "-1", "1-", "0-9999999"} {
		if set, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", bad, set)
		}
	}
}

func TestSplitIsDisjointAndWhole(t *testing.T) {
	for n := range 9 {
		all := make(Set, n)
		for i := range all {
			all[i] = i
		}
		generator, target := all.Split()
		if n < 2 {
			if len(generator)+len(target) != 0 {
				t.Errorf("%d CPUs were split", n)
			}
			continue
		}
		if len(generator) == 0 || len(target) < len(generator) || len(generator)+len(target) != n {
			t.Errorf("%d CPUs: generator %v, target %v", n, generator, target)
		}
	}
}

func TestPinSelf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("pinning is for Linux")
	}
	before := Allowed()
	first := before[:1]
	restore, err := PinSelf(first)
	if err != nil {
		t.Fatal(err)
	}
	pinned := Allowed()
	restore()
	if pinned.String() != first.String() || Allowed().String() != before.String() {
		t.Errorf("pinned to %s, restored to %s; want %s, then %s", pinned, Allowed(), first, before)
	}
}

func TestStartOn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("pinning is for Linux")
	}
	allowed := Allowed()
	last := allowed[len(allowed)-1:]
	cmd := exec.Command("sleep", "60")
	if err := StartOn(last, cmd.Start); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	if got := Of(cmd.Process.Pid).String(); got != last.String() {
		t.Errorf("child runs on %s, want %s", got, last)
	}
	if got := Of(os.Getpid()).String(); got != allowed.String() {
		t.Errorf("this process runs on %s after StartOn, want %s", got, allowed)
	}
}
