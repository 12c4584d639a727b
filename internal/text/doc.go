// Package text formats values for people and for files: numbers with their units, text from
// other programs without control characters, and this program's one form of JSON.
package text
