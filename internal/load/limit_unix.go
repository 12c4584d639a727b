//go:build unix

package load

import "golang.org/x/sys/unix"

// mostInflight is how many requests this process can have in flight: 10,000, or
// what its limit on file descriptors leaves.
func mostInflight() int64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 10_000
	}
	return int64(max(min(limit.Cur, 10_064), 128)) - 64
}
