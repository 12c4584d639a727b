//go:build unix && !darwin

package load

const maxrssUnit = 1024 // getrusage tells kilobytes here
