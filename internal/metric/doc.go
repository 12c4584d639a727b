// Package metric defines the numbers that a trial yields and that claims can be judged by. A Metric
// knows its own unit, its names, where it is measured, and how it is taken from a trial: to add one is
// to add one entry to the list in definitions.go, and one line to the documentation.
package metric
