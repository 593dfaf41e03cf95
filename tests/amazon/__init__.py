"""What is true of Amazon: pure tables, and a tiny server in its place."""
