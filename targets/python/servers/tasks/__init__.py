"""The work of the routes. The three servers share it, so that they differ in nothing else."""
