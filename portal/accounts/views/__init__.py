"""Pages of the accounts, by whose they are."""
