"""Everything that is true of Amazon and of nobody else."""
