package main

import "regexp"

// unread matches what nobody reads in a template: comments, scripts and styles, actions, and HTML tags.
var unread = regexp.MustCompile(`(?s)<!--.*?-->|<style.*?</style>|<script.*?</script>|\{\{.*?\}\}|</?[a-zA-Z][^<>]*>`)

// spoken matches the attributes of an HTML tag that people see or hear.
var spoken = regexp.MustCompile(`(?s)\s(?:title|alt|aria-label|placeholder)="([^"]*)"`)

// readTemplate returns the text of a template. An action becomes a placeholder, and a tag starts a new passage.
func readTemplate(s source, _ []string) ([]*passage, error) {
	p := &passage{kind: page}
	passages := []*passage{p}
	from := 0
	for _, m := range unread.FindAllIndex(s.data, -1) {
		p.add(s.data, from, m[0])
		from = m[1]
		if s.data[m[0]] == '{' {
			p.mask("{{}}", m[0])
			continue
		}
		for _, a := range spoken.FindAllSubmatchIndex(s.data[m[0]:m[1]], -1) {
			attribute := &passage{kind: page}
			attribute.add(s.data, m[0]+a[2], m[0]+a[3])
			passages = append(passages, attribute)
		}
		p = &passage{kind: page}
		passages = append(passages, p)
	}
	p.add(s.data, from, len(s.data))
	return passages, nil
}
