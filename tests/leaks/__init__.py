"""Secrets that are known to the test, looked for wherever the program leaves something."""
