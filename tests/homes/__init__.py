"""Homes as disks, other users, clocks and earlier crashes leave them."""
