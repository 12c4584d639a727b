// Package timer waits to within tens of microseconds on Linux. A Go timer may be late by
// a millisecond there, because Go rounds the wait of an idle program up to one.
//
// On Linux it waits for a timerfd(2) in Go's poller. Such a timer has no slack. The
// goroutine that waits holds neither a thread nor a processor, so on a single core it
// keeps nothing else waiting. On other systems this package uses Go's timers.
package timer
