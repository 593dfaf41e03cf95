"""Amazon in a box: consent page, token endpoint and Sellers API over real HTTP."""
