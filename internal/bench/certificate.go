package bench

import "time"

// Certificate shows what the load generator can do on a machine, as measured against this program's own
// servers, which know the truth.
type Certificate struct {
	Time      time.Time `json:"time"`
	Clock     string    `json:"clock"`     // "kernel" or "user"
	Generator string    `json:"generator"` // its CPUs, as a list; empty if not pinned
	Servers   string    `json:"servers"`
	Attackers int       `json:"attackers"`
	// Limit comes from a closed loop against a server that does nothing.
	Limit    GeneratorLimit `json:"capacity"`
	Accuracy []Accuracy     `json:"accuracy"` // by rate, rising
	Warnings []string       `json:"warnings,omitempty"`
}

// GeneratorLimit is the highest rate that a load generator reaches.
type GeneratorLimit struct {
	Connections  int     `json:"connections"`
	Rate         float64 `json:"requests_per_second"`
	GeneratorCPU float64 `json:"generator_cpu"` // CPU seconds a second
	ServerCPU    float64 `json:"server_cpu"`    // near the number of its CPUs, the server was the limit
}

// Accuracy compares what the load generator reported at a rate with the truth.
type Accuracy struct {
	Rate         Rate      `json:"rate"`
	Requests     uint64    `json:"requests"`
	Sent         float64   `json:"sent"` // share of what was planned
	Errors       uint64    `json:"errors,omitempty"`
	Truth        Quantiles `json:"truth"`    // as the server held the requests
	Reported     Quantiles `json:"reported"` // latency
	Lag          Quantiles `json:"lag"`
	GeneratorCPU float64   `json:"generator_cpu"` // CPU seconds a second
}

// Quantiles of a duration.
type Quantiles struct {
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
}

// At is the smallest of the quantiles that is no less than q.
func (x Quantiles) At(q float64) time.Duration {
	switch {
	case q <= .5:
		return x.P50
	case q <= .9:
		return x.P90
	case q <= .99:
		return x.P99
	case q <= .999:
		return x.P999
	}
	return x.Max
}

// Error returns the largest difference between a reported and a true latency at the quantile, over the
// rates at which at least the share leastSent of the planned requests was sent without an error. It
// reports false if there is no such rate.
func (c Certificate) Error(q, leastSent float64) (most time.Duration, ok bool) {
	for _, a := range c.Accuracy {
		if a.Errors == 0 && a.Sent >= leastSent {
			most, ok = max(most, (a.Reported.At(q)-a.Truth.At(q)).Abs()), true
		}
	}
	return most, ok
}
