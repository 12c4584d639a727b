// Package report turns a judged run into a report in many formats.
//
//  1. Build makes a Document from the run, its verdicts and its summaries. Everything that a report says is
//     in it.
//  2. Encode renders the Document as HTML, PDF, Markdown, JSON, CSV, JUnit, or for benchstat and
//     github-action-benchmark. Terminal prints a summary. They format, and compute nothing.
//  3. WriteFiles puts the files into the run directory, with their checksums.
package report
