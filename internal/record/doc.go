// Package record writes and reads the run directory, which is all that is kept
// of a run and all that is judged:
//
//	plan.json          what was to run, hashed before the first launch
//	environment.json   the machine and the tools
//	journal.jsonl      every launch and what became of it, appended as it happens
//	conformance/TARGET.log   of a target that did not keep its contract
//	trials/NNN-SCENARIO-TARGET/
//	    result.json    what was seen of the trial in addition to its hits
//	    hits.parquet   every request
//	    server.log     what the server wrote
//	verdicts.json      the judgment
//	manifest.json      the SHA-256 of all of the above
//
// Evidence is created once and never overwritten. Renderings (report.*) are
// derived from it and may be made again.
package record
