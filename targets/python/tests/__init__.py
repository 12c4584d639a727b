"""The contract, checked against the servers as real processes."""
