"""What is done to many rows at once: chosen, shown, begun by a person, and worked off row by row wherever it stopped."""
