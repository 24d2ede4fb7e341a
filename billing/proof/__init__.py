"""The proof that the money is right: rules over the rows, seals of days that are over, and what may leave once sealed."""
