"""Everything stored: `books` says what a store provides, `home` is one machine, `migration` moves secrets."""
