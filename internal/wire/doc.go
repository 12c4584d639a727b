// Package wire is an HTTP/1.1 client transport that reports when an answer arrived.
//
// A program learns of an answer when the kernel schedules it, which on a busy core may
// be milliseconds after the answer arrived. The kernel knows better: it stamps each
// segment as it receives it (SO_TIMESTAMPNS, socket(7)). This transport reads with
// recvmsg(2) and takes the stamp of the last segment of each answer. A load
// generator's own delays then stay out of its measurements.
//
// net/http does the parsing. Most answers under load need none: a head that is byte
// for byte the previous one of its connection means the same.
//
// A Transport exchanges requests for answers. A Stream is a TCP connection for
// protocols in which the server sends when it likes.
package wire
