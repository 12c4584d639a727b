//go:build unix

package process

import (
	"math"

	"golang.org/x/sys/unix"
)

// reserved is the number of file descriptors kept free for files, timers and pipes.
const reserved = 64

// MaxConnections returns how many connections this process may have open. The limit
// on file descriptors (RLIMIT_NOFILE) sets it, less 64 that stay free for other uses.
func MaxConnections() int64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxInt32
	}
	return int64(max(min(limit.Cur, math.MaxInt32), 2*reserved)) - reserved
}
