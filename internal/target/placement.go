package target

import "fmt"

// cpuCaveat returns a warning if a server does not run on the CPUs, given as lists, that it
// should have to itself.
func cpuCaveat(want, got string) []string {
	switch {
	case want == "":
		return []string{"the server is not pinned to its own CPUs"}
	case got != want:
		return []string{fmt.Sprintf("the server should run on CPUs %s, but runs on %q", want, got)}
	}
	return nil
}
