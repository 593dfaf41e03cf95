"""sp-connect: connect many Amazon sellers to an agency's Selling Partner API app."""

__version__ = "0.1.0"
