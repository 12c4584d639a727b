// Package drive holds what the drivers of load share.
//
//  1. Arrivals turns an open-loop schedule into due times; a Share deals them out.
//  2. New makes a Drive, with its clock, its counters and its sampler.
//  3. A Pacer waits until each request is due.
//  4. Address and NewRequest turn a workload into a request.
//  5. Stop and Report give the drive's statistics.
//
// Package load drives HTTP requests with it; package stream drives messages and
// streams of events.
package drive
