"""What they owe: admission, usage, the ledger, and the only place where money changes."""
