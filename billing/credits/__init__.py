"""Credit: the lots it came in, the order they are spent in, and when they end."""
