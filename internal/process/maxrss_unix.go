//go:build unix && !darwin

package process

// maxrssUnit is the unit of Rusage.Maxrss: getrusage(2) reports kilobytes here.
const maxrssUnit = 1024
