"""Every reader of bytes from outside under fire: one target a reader, which two fuzzers and a corpus share."""
