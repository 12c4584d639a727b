// Package service runs the services that targets use and that are not part of this program:
// databases, which start once per run, and proxies, which start for each trial that has one.
package service
