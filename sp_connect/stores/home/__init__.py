"""One machine's home: TOML files, locks, the journal, the keyring and the vault."""
