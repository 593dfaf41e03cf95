"""What the pages under docs tell people to run, run as it is written."""
