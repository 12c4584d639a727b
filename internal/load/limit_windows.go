package load

// mostInflight is how many requests this process can have in flight.
func mostInflight() int64 { return 10_000 }
