package bench

import (
	"strings"
	"unicode"
)

// Plain is a text without what could drive a terminal: control characters but the line feed, and what turns the direction
// of text. Servers, and files from elsewhere, have their say in many texts.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return r
	}, text)
}
