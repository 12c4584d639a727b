package report

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestHTMLIsOneSoundFile(t *testing.T) {
	d := document()
	d.Brand = &Brand{Title: hostile, Client: hostile, Author: hostile, Logo: "data:image/svg+xml;base64,PHN2Zy8+"}
	data, err := d.Encode(context.Background(), "html")
	if err != nil {
		t.Fatal(err)
	}
	d.Brand.Logo = "https://evil.example/logo.png" // of a report.json that somebody edited
	remote, err := d.Encode(context.Background(), "html")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(remote, []byte("evil.example")) {
		t.Error("a remote logo is in the page")
	}
	page, err := html.Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			count[n.Data]++
			for _, a := range n.Attr {
				ours := slices.ContainsFunc([]string{"#", "trials/", "data:image/svg+xml;base64,"}, func(prefix string) bool {
					return strings.HasPrefix(a.Val, prefix)
				})
				if (a.Key == "src" || a.Key == "href") && !ours || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s %s=%q> reaches outside", n.Data, a.Key, a.Val)
				}
			}
			if n.Data == "table" && find(n, "caption") == nil && find(n, "thead") == nil {
				t.Error("a table has neither caption nor head")
			}
			if n.Data == "svg" && (find(n, "title") == nil || find(n, "desc") == nil) {
				t.Error("a picture has no title and description")
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(page)
	ids := map[string]bool{}
	for n := range page.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" && ids[a.Val] {
				t.Errorf("the id %s is there twice", a.Val)
			}
			ids[a.Val] = ids[a.Val] || a.Key == "id"
		}
	}
	for n := range page.Descendants() {
		for _, a := range n.Attr {
			to, ok := strings.CutPrefix(a.Val, "#")
			if ok && a.Key == "href" && !ids[to] && to != "t2" { // the document leaves out that trial
				t.Errorf("a link leads to #%s, which is nowhere", to)
			}
		}
	}
	for element, want := range map[string]int{"script": 0, "link": 0, "img": 1, "h1": 1, "main": 1, "svg": 4} {
		if count[element] != want {
			t.Errorf("%d <%s>, want %d", count[element], element, want)
		}
	}
	for _, word := range []string{"@import", "url("} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("the page has %s", word)
		}
	}
}

func find(n *html.Node, element string) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.Data == element {
			return c
		}
		if found := find(c, element); found != nil {
			return found
		}
	}
	return nil
}
