package cpuset

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

func TestParseAndString(t *testing.T) {
	for text, want := range map[string]string{
		"":          "",
		"0":         "0",
		"0-3,8":     "0-3,8",
		"3,1,2":     "1-3",
		"0,0":       "0",
		"1,3,5-6\n": "1,3,5-6",
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

func TestSplit(t *testing.T) {
	// Intel numbers the hardware threads of a core i and i+n/2; AMD numbers them in pairs.
	intel := func(cpu int) Set { return Set{cpu % 4, cpu%4 + 4} }
	amd := func(cpu int) Set { return Set{cpu &^ 1, cpu | 1} }
	alone := func(int) Set { return nil }
	for _, c := range []struct {
		set                string
		siblings           func(int) Set
		generator, servers string
		shared             bool
	}{
		{"0-7", intel, "0-1,4-5", "2-3,6-7", false},
		{"0-7", amd, "0-3", "4-7", false},
		{"0-3", alone, "0-1", "2-3", false},
		{"0-1", alone, "0", "1", false},
		{"0-1", amd, "0", "1", true},
		{"0", alone, "", "", false},
		{"", alone, "", "", false},
		{"2,6,3", intel, "2,6", "3", false},
		{"0-2", alone, "0", "1-2", false},
	} {
		set, err := Parse(c.set)
		if err != nil {
			t.Fatal(err)
		}
		generator, servers, shared := Split(set.group(c.siblings))
		if generator.String() != c.generator {
			t.Errorf("%s: the generator gets %s, want %s", c.set, generator, c.generator)
		}
		if servers.String() != c.servers {
			t.Errorf("%s: the servers get %s, want %s", c.set, servers, c.servers)
		}
		if shared != c.shared {
			t.Errorf("%s: shared is %t, want %t", c.set, shared, c.shared)
		}
	}
}

func TestPinSelf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("pinning works on Linux only")
	}
	before := Allowed()
	first := before[:1]
	restore, err := PinSelf(first)
	if err != nil {
		t.Fatal(err)
	}
	pinned := Allowed()
	restore()
	if pinned.String() != first.String() {
		t.Errorf("pinned to %s, want %s", pinned, first)
	}
	if got := Allowed().String(); got != before.String() {
		t.Errorf("restored to %s, want %s", got, before)
	}
}

func TestStartOn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("pinning works on Linux only")
	}
	allowed := Allowed()
	last := allowed[len(allowed)-1:]
	cmd := exec.Command("sleep", "60")
	if err := StartOn(last, cmd.Start); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "signal: killed"
	}()
	if got := Of(cmd.Process.Pid).String(); got != last.String() {
		t.Errorf("the child runs on %s, want %s", got, last)
	}
	if got := Of(os.Getpid()).String(); got != allowed.String() {
		t.Errorf("this process runs on %s after StartOn, want %s", got, allowed)
	}
}
