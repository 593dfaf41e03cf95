"""Everything stored on this machine: apps, connections and secrets."""
