// Package target launches servers, checks that they keep their contract, measures what they
// use, and stops them.
//
// It has two launchers: Docker and Process. Only Docker and its container call the Docker
// engine. Both launchers pass the suite in package targettest, which also has a fake one.
//
// A Verifier asks each server for the answer of each scenario before anything is timed.
package target
