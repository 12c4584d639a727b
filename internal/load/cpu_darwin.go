package load

const maxrssUnit = 1 // getrusage tells bytes here
