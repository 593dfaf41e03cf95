"""The loopback door, from outside: real sockets on 127.0.0.1."""
