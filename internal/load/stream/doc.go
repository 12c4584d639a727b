// Package stream drives servers that send when they like: chat rooms over WebSockets
// (Room), dashboards over event streams (Dashboard), and answers that come in pieces
// over time (Tokens).
//
// A room and a dashboard are a broadcast: each message goes to every member of an
// audience, and a hit is one delivery. Every delivery is compared with its message,
// byte for byte, and with the order in which the other members got theirs. In a token
// stream a hit is one event, which has a due time by the stream's own schedule.
//
// The three drivers need a rate: a closed loop is refused with drive.ErrClosedLoop.
// They keep their connections from one drive to the next; Close ends them. Each makes
// one drive at a time, and calls record once that is over.
package stream
