"""The benchmark's Python targets: one contract, three ways to serve it."""
