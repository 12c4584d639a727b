// Package targettest has the suite that every launcher must pass and the small server that the
// suite launches. It also has a fake launcher for tests of packages that use a launcher.
package targettest
