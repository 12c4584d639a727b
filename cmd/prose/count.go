package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// The limits of a document's sentences, in words.
const (
	meanWords    = 16
	longSentence = 25 // counted, not forbidden
	mostWords    = 35
)

// finding is one place that breaks a rule.
type finding struct {
	line int // from 1; 0 for a rule about the whole document
	text string
}

// counted is a sentence with its place.
type counted struct {
	file  string
	line  int
	words int
	text  string
}

// tally sums up the sentences of one document, or of all.
type tally struct {
	sentences, words, longest, long, tooLong, wide int
}

func (t tally) mean() float64 { return float64(t.words) / max(float64(t.sentences), 1) }

func (t *tally) add(u tally) {
	t.sentences += u.sentences
	t.words += u.words
	t.longest = max(t.longest, u.longest)
	t.long += u.long
	t.tooLong += u.tooLong
	t.wide += u.wide
}

// readDocuments reads the files whose sentences count.
func readDocuments(files []string) ([]*document, error) {
	quotes, err := readQuotes()
	if err != nil {
		return nil, err
	}
	var documents []*document
	for _, name := range files {
		if !isCounted(name) {
			continue
		}
		s, err := readSource(name)
		if err != nil {
			return nil, err
		}
		documents = append(documents, readDocument(s, quotes))
	}
	return documents, nil
}

// sentences returns the sentences of a document's prose, in order.
func (d *document) sentences() []counted {
	var all []counted
	for _, p := range d.passages {
		if p.kind != prose {
			continue
		}
		for _, s := range p.sentences() {
			line, _ := d.place(p.places[s.from])
			all = append(all, counted{file: d.path, line: line, words: s.words, text: p.show(s.from, s.to)})
		}
	}
	return all
}

// count returns a document's figures, and a finding for each limit that it breaks.
func (d *document) count() (t tally, found []finding) {
	for _, s := range d.sentences() {
		t.sentences++
		t.words += s.words
		t.longest = max(t.longest, s.words)
		if s.words > longSentence {
			t.long++
		}
		if s.words > mostWords {
			t.tooLong++
			found = append(found, finding{
				line: s.line,
				text: fmt.Sprintf("%d words, at most %d: %q", s.words, mostWords, firstWords(s.text)),
			})
		}
	}
	wide, n := d.wideLines()
	t.wide = n
	found = append(found, wide...)
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(a.line, b.line) })
	if t.mean() > meanWords {
		text := fmt.Sprintf("a mean of %.2f words a sentence, at most %d", t.mean(), meanWords)
		found = slices.Insert(found, 0, finding{text: text})
	}
	return t, found
}

// countFiles prints the figures of all documents and every finding. It returns whether there was none.
func countFiles(w io.Writer, files []string) (clean bool, err error) {
	documents, err := readDocuments(files)
	if err != nil {
		return false, err
	}
	rows := figures{w: w, width: len("document")}
	for _, d := range documents {
		rows.width = max(rows.width, len(d.path))
	}
	rows.row("document", "sentences", "mean", "longest", "over 25", "over 35", "over 100")
	var total tally
	var problems []string
	for _, d := range documents {
		t, found := d.count()
		total.add(t)
		rows.add(d.path, t)
		for _, f := range found {
			problems = append(problems, f.at(d.path))
		}
	}
	rows.add("total", total)
	for i, p := range problems {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, p)
	}
	return len(problems) == 0, nil
}

// figures prints a table of the documents' figures.
type figures struct {
	w     io.Writer
	width int // of the first column
}

// add prints the figures of one document.
func (f figures) add(name string, t tally) {
	f.row(name, t.sentences, fmt.Sprintf("%.1f", t.mean()), t.longest, t.long, t.tooLong, t.wide)
}

// row prints a name and its six columns.
func (f figures) row(name string, columns ...any) {
	fmt.Fprintf(f.w, "%-*s  %9v  %5v  %7v  %7v  %7v  %8v\n", append([]any{f.width, name}, columns...)...)
}

func (f finding) at(file string) string {
	if f.line == 0 {
		return fmt.Sprintf("%s: %s", file, f.text)
	}
	return fmt.Sprintf("%s:%d: %s", file, f.line, f.text)
}

// listLongest prints the n longest sentences, the longest first.
func listLongest(w io.Writer, files []string, n int) error {
	documents, err := readDocuments(files)
	if err != nil {
		return err
	}
	var all []counted
	for _, d := range documents {
		all = append(all, d.sentences()...)
	}
	slices.SortStableFunc(all, func(a, b counted) int { return cmp.Compare(b.words, a.words) })
	for _, s := range all[:min(n, len(all))] {
		fmt.Fprintf(w, "%s:%d: %d words: %s\n", s.file, s.line, s.words, s.text)
	}
	return nil
}
