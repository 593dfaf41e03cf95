"""Many processes of the real program at once, in one home: what they answer is true."""
