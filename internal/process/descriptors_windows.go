package process

import "math"

// MaxConnections returns how many connections this process may have open. Windows
// sets no such limit.
func MaxConnections() int64 { return math.MaxInt32 }
