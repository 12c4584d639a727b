// Package load drives HTTP/1.1 requests at a server on a schedule, and records of
// each when it was due, sent and done.
//
// The driver is vegeta's Attacker between a pacer and a transport of this program.
// The pacer (package drive) sends on time; the transport (package wire) takes the
// times. Package stream drives chat rooms, dashboards and token streams.
package load
