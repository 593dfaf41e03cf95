"""The one way a file is written: placed beside the old one, synced, and renamed over it, private from birth."""
