"""The drill of a backup: taken from a running database, restored into one of its own, and proven there."""
