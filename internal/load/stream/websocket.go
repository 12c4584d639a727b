package stream

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// acceptGUID is the text that a server appends to the key of a handshake (RFC 6455, 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// keyPlaceholder stands for the key in the handshake that all members share.
const keyPlaceholder = "AAAAAAAAAAAAAAAAAAAAAA=="

// goingAway is the status of an endpoint that goes away (RFC 6455, 7.4.1).
const goingAway = 1001

// webSocket is a member's side of a WebSocket (RFC 6455). It implements protocol and
// frameHandler.
type webSocket struct {
	frames
	member *member
	hello  []byte // the handshake; nil once the member has joined
	accept string // the Sec-WebSocket-Accept that the server must answer
	head   answer
	inRoom bool
}

// webSocketHeaders returns the headers of a handshake (RFC 6455, 4.1).
func webSocketHeaders() map[string]string {
	return map[string]string{
		"Connection":            "Upgrade",
		"Upgrade":               "websocket",
		"Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key":     keyPlaceholder,
	}
}

// newWebSocket returns the member's side, with its own key in place of the
// placeholder in hello.
func newWebSocket(m *member, hello []byte) *webSocket {
	var nonce [16]byte
	rand.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	sum := sha1.Sum([]byte(key + acceptGUID))
	return &webSocket{
		member: m,
		hello:  []byte(strings.Replace(string(hello), keyPlaceholder, key, 1)),
		accept: base64.StdEncoding.EncodeToString(sum[:]),
	}
}

func (w *webSocket) greeting() []byte { return w.hello }

func (w *webSocket) joined() bool { return w.inRoom }

func (w *webSocket) read(p []byte) error {
	if !w.inRoom {
		rest, err := w.head.feed(p, func([]byte) error { return nil })
		if err != nil || w.head.resp == nil {
			return err
		}
		w.member.code = w.head.resp.StatusCode
		if err := w.checkHandshake(w.head.resp); err != nil {
			return err
		}
		w.inRoom, w.hello = true, nil
		w.head = answer{}
		p = rest
	}
	return w.feed(p, w)
}

// checkHandshake checks the answer to the handshake (RFC 6455, 4.1).
func (w *webSocket) checkHandshake(resp *http.Response) error {
	h := resp.Header
	upgraded := httpguts.HeaderValuesContainsToken(h["Upgrade"], "websocket") &&
		httpguts.HeaderValuesContainsToken(h["Connection"], "upgrade")
	switch {
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Errorf("%w: %s to the handshake of a WebSocket", errStatus, resp.Status)
	case !upgraded:
		return fmt.Errorf("%w: it switched to another protocol", errProtocol)
	case h.Get("Sec-WebSocket-Accept") != w.accept:
		return fmt.Errorf("%w: it accepted another key", errProtocol)
	case h.Get("Sec-WebSocket-Extensions") != "", h.Get("Sec-WebSocket-Protocol") != "":
		return fmt.Errorf("%w: it chose an extension or a subprotocol that was not offered", errProtocol)
	}
	return nil
}

// message implements frameHandler.
func (w *webSocket) message(op byte, payload []byte) error {
	if op == opText {
		if _, k, ok := readNumber(payload); ok && k == rollCall {
			w.member.heard.Store(true)
			return nil
		}
		w.member.deliver(payload)
	} else {
		w.member.reject(payload)
	}
	return nil
}

// controlFrame implements frameHandler. It answers pings, and the closing of the
// connection.
func (w *webSocket) controlFrame(op byte, payload []byte) error {
	switch op {
	case opPing:
		w.member.put(appendFrame(nil, opPong, mathrand.Uint32(), payload), nil)
	case opClose:
		w.member.put(appendFrame(nil, opClose, mathrand.Uint32(), payload[:min(len(payload), 2)]), nil)
		return errServerClosed
	}
	return nil
}

func (w *webSocket) sayGoodbye() {
	if w.member.alive() {
		status := binary.BigEndian.AppendUint16(nil, goingAway)
		w.member.put(appendFrame(nil, opClose, mathrand.Uint32(), status), nil)
	}
}
