"""How a charge is told: its lines, the chain of factors, the one rounding, its price, its postings, its rule."""

from typing import Any

from billing.explanations import Explanation, Line
from billing.receipts import Charge, Posting, Receipt
from kernel import money

from .figures import exact, factor, moment

__all__ = ["parts", "settled"]

RULE = "/docs/interruptions"
_UNITS = {"request": "request", "image": "image", "web_search": "search"}
_RULES = {
    "ok": "The answer was complete: what it used is charged.",
    "client_gone": "The caller left before the end: what was produced until then is charged.",
    "upstream_cut": "The provider broke off: what was delivered until then is charged.",
    "killed": "The workspace ended its streams: what was produced until then is charged.",
    "drained": "The gateway restarted: what was delivered until then is charged.",
    "reaped": "The gateway's process died: what its last checkpoint had noted as delivered is charged.",
    "failed": "Nothing was delivered: nothing is charged.",
}
_FOLDED = "Classes without a rate of their own are charged as plain tokens."
_WAIVED = "No output, no charge."


def parts(explanation: Explanation) -> dict[str, Any]:
    """Return the arithmetic: Σ amount = subtotal; × factors = multiplied; + rounding − waived = cost. USD, exact."""
    notes = [
        text for text, true in ((_FOLDED, explanation.folded), (_WAIVED, bool(explanation.waived))) if true
    ]
    return {
        "currency": "USD",
        "lines": [_line(line) for line in explanation.lines],
        "subtotal": exact(explanation.subtotal),
        "multipliers": [
            {"scope": each.scope, "target": each.target, "factor": factor(each.ppm)}
            for each in explanation.factors
        ],
        "multiplied": exact(explanation.exact),
        "rounding": exact(explanation.rounding),
        "waived": exact(explanation.waived),
        "cost": exact(explanation.cost),
        "notes": notes,
    }


def settled(receipt: Receipt, charge: Charge) -> dict[str, Any]:
    """Return the whole charge of a request that has ended."""
    return {
        **parts(charge.explanation),
        "price": {
            "version": charge.price_version_id,
            "source": charge.price_source,
            "valid_from": moment(charge.price_valid_from),
        },
        "ledger": [_posting(posting) for posting in charge.postings],
        "usage_source": receipt.usage_source,
        "status": receipt.status,
        "rule": {"text": _RULES[receipt.status], "link": RULE},
    }


def _line(line: Line) -> dict[str, Any]:
    unit = _UNITS.get(line.token_class, "token")
    return {
        "class": line.token_class,
        "unit": unit,
        "units": line.units,
        "tokens": line.units if unit == "token" else None,
        "rate_per_million": exact(line.rate),
        "amount": exact(line.amount),
    }


def _posting(posting: Posting) -> dict[str, Any]:
    return {
        "revision": posting.revision,
        "charge_number": posting.charge_no,
        "day": posting.day.isoformat(),
        "amount": money.show(posting.amount),
        "state": "posted" if posting.posted else "open",
        "transaction_id": posting.transaction_id,
        "entry_number": posting.entry_no,
    }
