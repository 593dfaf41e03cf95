"""The installed program as people and scripts meet it: a process, its streams and its exit code."""
