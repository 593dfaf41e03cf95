"""The checks of `doctor`, each in order and each failing for a real cause."""
