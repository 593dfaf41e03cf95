"""python-amazon-sp-api, unmodified, on what sp-connect hands it."""
