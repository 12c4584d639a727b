// Package plan turns what people wrote — docker-compose.yml, scenarios and
// claims — into a validated, seeded and hashed bench.Plan.
//
//  1. LoadCatalogue, LoadScenarios and LoadGuide read files strictly; a mistake
//     is an InputError that names file, line, column and field.
//  2. Check holds a guide against the catalogue and the scenarios.
//  3. New selects, orders and seeds what will run.
//  4. Encode and Hash fix it.
package plan
