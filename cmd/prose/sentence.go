package main

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentence is a part of a passage, from one full stop to the next.
type sentence struct {
	from, to int // of the passage's text
	words    int
}

// chunk is a part of a passage between spaces.
type chunk struct {
	text     string
	from, to int
}

var (
	// abbreviations never end a sentence.
	abbreviations = words("e.g. i.e. vs. cf. al. approx. resp. incl. ca. mr. mrs. dr. prof. st. jr. viz.")
	// references do not end a sentence if a number follows.
	references = words("no. nos. fig. figs. eq. eqs. sec. ch. vol. p. pp. art. tab.")
	// doubtful ones end a sentence only if the next one begins with a capital: "etc." is the last word of many.
	doubtful = words("etc. inc. ltd. co.")

	// introducers may stand before a name that starts with an initial. After other words,
	// a single letter is a variable, and may end a sentence.
	introducers = words("by and & see")

	initial     = regexp.MustCompile(`^\p{Lu}\.$`)
	initials    = regexp.MustCompile(`^(\p{L}\.-?){2,}$`)
	enumeration = regexp.MustCompile(`^\(?(\d+|[a-z])\.$`)
)

const (
	openers = `"'“‘([{«*`
	closers = `"'”’)]}»*`
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// sentences splits a passage. The end of the passage ends its last sentence. Parts without a
// word, such as a list item that holds nothing but inline code, are left out.
func (p *passage) sentences() []sentence {
	chunks := split(p.text.String())
	var found []sentence
	first, count, hasLetter := 0, 0, false
	for i, t := range chunks {
		if isWord(t.text) {
			count++
			hasLetter = hasLetter || strings.ContainsFunc(t.text, unicode.IsLetter)
		}
		if i+1 < len(chunks) && !endsSentence(chunks, first, i) {
			continue
		}
		if hasLetter {
			found = append(found, sentence{from: chunks[first].from, to: t.to, words: count})
		}
		first, count, hasLetter = i+1, 0, false
	}
	return found
}

func split(text string) []chunk {
	var chunks []chunk
	for from := 0; from < len(text); {
		length := strings.IndexByte(text[from:], ' ')
		if length < 0 {
			length = len(text) - from
		}
		if length > 0 {
			chunks = append(chunks, chunk{text: text[from : from+length], from: from, to: from + length})
		}
		from += length + 1
	}
	return chunks
}

// isWord reports whether a chunk counts: a dash or a sign alone does not.
func isWord(t string) bool {
	return strings.ContainsFunc(t, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || r == placeholder
	})
}

// endsSentence reports whether chunks[i] is the last of a sentence that starts at chunks[first].
func endsSentence(chunks []chunk, first, i int) bool {
	core := strings.TrimRight(chunks[i].text, closers)
	closed := core != chunks[i].text
	core = strings.TrimLeft(core, openers)
	next := strings.TrimLeft(chunks[i+1].text, openers)
	r, _ := utf8.DecodeRuneInString(next)
	lower := unicode.IsLower(r)
	switch last, _ := utf8.DecodeLastRuneInString(core); last {
	case '!', '?', '…':
		return !lower
	case '.':
	default:
		return false
	}
	word := strings.ToLower(core)
	switch {
	case abbreviations[word], initials.MatchString(core):
		return false
	case initial.MatchString(core) && startsName(chunks, first, i):
		return false
	case references[word] && unicode.IsNumber(r):
		return false
	case i == first && enumeration.MatchString(core):
		return false
	case strings.HasSuffix(core, ".."), doubtful[word], closed:
		return !lower
	}
	return true
}

// startsName reports whether a single capital letter at chunks[i] is an initial, by what stands before it.
func startsName(chunks []chunk, first, i int) bool {
	if i == first {
		return true
	}
	before := strings.TrimLeft(chunks[i-1].text, openers)
	r, _ := utf8.DecodeRuneInString(before)
	return unicode.IsUpper(r) || introducers[strings.ToLower(before)]
}
