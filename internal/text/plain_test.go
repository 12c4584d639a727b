package text

import "testing"

func TestPlainAndVisible(t *testing.T) {
	for _, c := range []struct{ name, text, plain, visible string }{
		{"letters", "größe 7", "größe 7", "größe 7"},
		{"line feed", "a\nb", "a\nb", "a·b"},
		{"tab", "a\tb", "ab", "a\tb"},
		{"carriage return", "a\rb", "ab", "a·b"},
		{"escape sequence", "\x1b[31mred", "[31mred", "·[31mred"},
		{"right-to-left override", "a\u202eb", "ab", "a·b"},
		{"C1 control", "a\u009bb", "ab", "a·b"},
		{"delete", "a\x7fb", "ab", "a·b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Plain(c.text); got != c.plain {
				t.Errorf("Plain is %q, want %q", got, c.plain)
			}
			if got := Visible(c.text); got != c.visible {
				t.Errorf("Visible is %q, want %q", got, c.visible)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"", 1, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äö…"},
		{"ab", 1, "…"},
	} {
		if got := Shorten(c.text, c.n); got != c.want {
			t.Errorf("Shorten(%q, %d) is %q, want %q", c.text, c.n, got, c.want)
		}
	}
}
