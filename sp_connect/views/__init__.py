"""What people and scripts see: values in, tables, cards and JSON out."""
