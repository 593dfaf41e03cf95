"""What is true of Amazon and of nobody else."""
