"""One file per command: its options, and `run`, which decides. None imports another or prints by itself."""
