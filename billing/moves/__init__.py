"""Money that operators move by hand: asked for with a reason, posted by one person or by two."""
