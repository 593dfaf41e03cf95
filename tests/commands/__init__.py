"""The commands through their `run`, and what their shells print, around a real vault and the simulator over HTTP."""
