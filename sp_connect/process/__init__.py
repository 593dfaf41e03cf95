"""Signals, threads and limits of the process."""
