// Package runner carries out a plan. It checks the servers, makes the trials in their order, each with a
// fresh launch, and records everything in the run directory. It judges nothing.
//
//  1. A Conductor prepares servers and services, checks the servers' contract, and certifies the load
//     generator.
//  2. Each trial launches a fleet (one server, or replicas behind a proxy) and drives its phases.
//  3. A phase is one drive of the load, with the gates that show how the load generator worked. A search
//     for a capacity is a sequence of probes, each a phase.
//  4. After planned rounds a look drops what no claim needs any longer.
package runner
