"""From the consent page to the saved record."""
