package process

// maxrssUnit is the unit of Rusage.Maxrss: getrusage(2) reports bytes on macOS.
const maxrssUnit = 1
