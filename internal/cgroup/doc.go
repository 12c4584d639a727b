// Package cgroup reads the control groups of processes, version 1 or 2. Only Linux has them.
package cgroup
