// Package plan turns the files that people write (docker-compose.yml, scenarios and claims) into a
// validated, seeded and hashed bench.Plan.
//
//  1. LoadCatalogue, LoadScenarios and LoadGuide read the files strictly. A mistake is a
//     strictyaml.InputError that names file, line, column and field. LoadGuide checks the guide against the
//     catalogue and the scenarios.
//  2. New selects, orders and seeds what will run. It adds an A/A twin and, for evidence, a positive control.
//  3. Encode and Hash fix it.
package plan
