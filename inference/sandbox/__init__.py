"""An upstream of our own that needs no network: deterministic answers, and every misbehaviour on demand."""
