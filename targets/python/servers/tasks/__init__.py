"""What the routes compute: shared by the three servers, so that they differ in nothing else."""
