// Package process reports what this process uses and what it may still open.
package process
