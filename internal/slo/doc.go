// Package slo decides whether a rate of requests meets a service level objective (SLO). The load
// generator uses it while it searches for a capacity. The judge uses it again on the raw hits.
package slo
