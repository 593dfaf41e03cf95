"""The real program, killed at each of its calls that change something: nothing is lost, and the next run ends it."""
