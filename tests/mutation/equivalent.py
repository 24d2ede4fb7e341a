"""Mutants that change nothing, and why: no test can notice them."""

_NEVER_ZERO = "no movement is of nothing: `post` refuses that before"

EQUIVALENT: dict[tuple[str, str, str, str], str] = {
    **{
        ("billing/ledger.py", line, was, text): _NEVER_ZERO
        for line, was, text in (
            ("if credit is not None and amount < 0:", "<", "<="),
            ("if credit is not None and amount < 0:", "0", "(0 + 1)"),
            ("lot_of=transaction_id if original.amount > 0 else None,", ">", ">="),
            ("lot_of=transaction_id if original.amount > 0 else None,", "0", "(0 - 1)"),
            ("if movement.amount > 0:", ">", ">="),
            ("if movement.amount > 0:", "0", "(0 - 1)"),
        )
    },
    (
        "catalog/pricing.py",
        "if (minimum == 0 or prompt_tokens > minimum) and (best is None or minimum > best[0]):",
        ">",
        ">=",
    ): "no two steps of a class have the same minimum",
    (
        "catalog/pricing.py",
        'return card.rate("request", 0) if "request" in card.rates else 0',
        "0",
        "(0 + 1)",
    ): "a fee has no step below 1",
}
