"""The two streams, and the person at them."""
