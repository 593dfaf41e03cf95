"""Values in; tables, cards and JSON out."""
