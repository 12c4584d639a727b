// Package calibrate measures the load generator itself, and writes its certificate.
//
// It measures two things. The null server does nothing, so a closed loop against it
// finds the highest rate that the load generator reaches. The truth server records how
// long it held each request, so an open loop against it shows how accurate the load
// generator's times are.
package calibrate
