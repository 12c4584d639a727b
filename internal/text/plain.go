package text

import (
	"strings"
	"unicode"
)

// Plain removes everything that could drive a terminal: control characters except the line feed,
// and characters that turn the direction of text. Servers and foreign files choose many of the
// texts that this program prints.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return r
	}, text)
}

// Shorten returns text with at most n runes; the last of them is "…" if something was cut off.
func Shorten(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
