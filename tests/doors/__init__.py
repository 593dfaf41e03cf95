"""The doors out: token, exec, export and Python."""
