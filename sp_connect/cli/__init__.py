"""Shared by all commands: the error boundary, the table of commands, help, flags and filters."""
