"""One file a command: its options, and `run`, which decides. None knows Typer's prompts or prints by itself."""
