"""What comes from a file of many rows."""
