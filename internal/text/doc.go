// Package text formats values for people and for files: numbers with their units, foreign text
// without control characters, and the one form in which this program writes JSON.
package text
