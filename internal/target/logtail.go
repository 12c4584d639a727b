package target

// logLimit is how many bytes of a server's log are kept.
const logLimit = 64 << 10

// logTail keeps the last logLimit bytes that were written to it. Its zero value is empty.
// Concurrent use needs a lock.
type logTail struct{ b []byte }

func (t *logTail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > logLimit {
		t.b = append(t.b[:0], t.b[len(t.b)-logLimit:]...)
	}
	return len(p), nil
}

func (t *logTail) String() string { return string(t.b) }
