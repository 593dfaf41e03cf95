"""Many rows of a file: reading them, checking them against known accounts, writing them in batches."""
