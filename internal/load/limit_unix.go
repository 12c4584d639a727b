//go:build unix

package load

import (
	"math"

	"golang.org/x/sys/unix"
)

// mostOpen is how many connections the limit on file descriptors leaves this process.
func mostOpen() int64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxInt32
	}
	return int64(max(min(limit.Cur, math.MaxInt32), 128)) - 64
}
