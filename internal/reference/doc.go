// Package reference holds the servers that this program provides itself.
//
//   - Upstream is the slow service that servers under test call.
//   - The null server does nothing (ServeNull): it shows how much a load generator sends.
//   - The truth server records how long it held each request (ServeTruth): it shows how
//     accurate a load generator is.
//
// Child runs one of them in a separate process.
package reference
