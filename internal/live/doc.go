// Package live shows a run while it lasts: a page that viewers get again each second, and Prometheus metrics.
//
// A separate process serves both, at idle priority. Drawing the page takes milliseconds, during which the
// measuring process could not send a request. The measuring process only counts, and sends the other process
// what happened about once per second.
package live
