"""The Python servers under test: one contract, three ways to serve it."""
