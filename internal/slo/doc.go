// Package slo decides whether a rate of requests holds a service level objective (SLO). The load
// generator asks it during a search for a capacity, and the judge asks it again from the raw hits.
package slo
