"""Mutants that change nothing, and why: no test can notice them."""

EQUIVALENT: dict[tuple[str, str, str, str], str] = {}
