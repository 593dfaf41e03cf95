"""What is kept on this machine: apps, connections and secrets."""
