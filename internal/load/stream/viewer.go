package stream

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
)

// viewer is a member's side of an event stream. It implements protocol and
// eventHandler.
type viewer struct {
	events
	member  *member
	hello   []byte // the request
	answer  answer
	welcome bool
}

func (v *viewer) greeting() []byte { return v.hello }

func (v *viewer) joined() bool { return v.welcome }

func (*viewer) sayGoodbye() {}

func (v *viewer) read(p []byte) error {
	_, err := v.answer.feed(p, v.body)
	switch {
	case err != nil:
		return err
	case v.member.code == 0 && v.answer.resp != nil:
		return v.checkHead() // the answer has no body
	case v.answer.done():
		return errServerClosed
	}
	return nil
}

// body takes bytes of the answer's body.
func (v *viewer) body(p []byte) error {
	if v.member.code == 0 {
		if err := v.checkHead(); err != nil {
			return err
		}
	}
	return v.events.feed(p, v)
}

// checkHead checks the head of the answer.
func (v *viewer) checkHead() error {
	resp := v.answer.resp
	v.member.code = resp.StatusCode
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: %s for an event stream", errStatus, resp.Status)
	case media != "text/event-stream":
		return fmt.Errorf("%w: the media type is %q instead of text/event-stream", errProtocol, media)
	}
	return nil
}

// event implements eventHandler.
func (v *viewer) event(data []byte) error {
	v.member.deliver(data)
	return nil
}

// comment implements eventHandler.
func (v *viewer) comment(text []byte) error {
	v.welcome = v.welcome || string(bytes.TrimSpace(text)) == "welcome"
	return nil
}
