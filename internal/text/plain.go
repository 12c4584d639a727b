package text

import (
	"strings"
	"unicode"
)

// Plain removes control characters, except the line feed, and format characters such as
// those that reverse the direction of text (Unicode categories Cc and Cf). Servers and input
// files choose many of the texts that this program prints: they must not drive a terminal.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && drivesTerminal(r) {
			return -1
		}
		return r
	}, text)
}

// Visible replaces with "·" what Plain would remove, and the line feed, so that a reader sees
// where it was. It keeps tabs. Its result is one line.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && drivesTerminal(r) {
			return '·'
		}
		return r
	}, text)
}

func drivesTerminal(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }

// Shorten returns text unchanged if it has at most n runes. Otherwise it returns the first
// n-1 of them and "…". The limit n must be at least 1.
func Shorten(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
