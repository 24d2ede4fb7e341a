"""How a charge is told: its lines, the chain of factors, the one rounding, its price, its postings, its rule."""

from typing import Any

from billing.explanations import Explanation, Line
from billing.receipts import Charge, Posting, Price, Receipt
from kernel import money

from .figures import exact, factor, moment

__all__ = ["RULE", "UNCOVERED", "attempts", "parts", "settled", "told"]

RULE = "/docs/interruptions"
UNCOVERED = "uncovered"
_RULES = {
    "ok": "The answer was complete: what it used is charged.",
    "client_gone": "The caller left before the end: what was produced until then is charged.",
    "upstream_cut": "The provider broke off: what was delivered until then is charged.",
    "spent": "The credit, or the key's budget, was used up: what was delivered until then is charged.",
    "killed": "The workspace ended its streams: what was produced until then is charged.",
    "drained": "The gateway restarted: what was delivered until then is charged.",
    "reaped": "The gateway's process died: what its last checkpoint had noted as delivered is charged.",
    "failed": "Nothing was delivered: nothing is charged.",
}
_TOGETHER = "Requests are posted together: paid_from tells what paid for charge_total, which is all of that number and day."


def parts(explanation: Explanation) -> dict[str, Any]:
    """Return the arithmetic: Σ amount = subtotal; × factors = multiplied; + rounding − waived = cost. USD, exact."""
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
        "notes": list(explanation.notes),
    }


def settled(receipt: Receipt, charge: Charge) -> dict[str, Any]:
    """Return the whole charge of a request that has ended."""
    return {
        **parts(charge.explanation),
        "price": told(charge.price),
        "statement_day": charge.day.isoformat(),
        "ledger": [_posting(posting) for posting in charge.postings],
        "ledger_note": _TOGETHER,
        "provider_name": receipt.provider or None,
        "attempts": attempts(receipt),
        "usage_source": receipt.usage_source,
        "status": receipt.status,
        "rule": {"text": _RULES[receipt.status], "link": RULE},
    }


def told(price: Price) -> dict[str, Any]:
    """Return which price version it is, what customers read it as, and since when it holds."""
    return {
        "version": price.version,
        "kind": price.kind,
        "label": price.label,
        "source": price.source,
        "valid_from": moment(price.valid_from),
        "valid_until": moment(price.valid_until) if price.valid_until else None,
    }


def attempts(receipt: Receipt) -> list[dict[str, Any]]:
    """Return every try at a provider, in order, with its milliseconds."""
    return [
        {"provider_name": each.provider, "outcome": each.outcome, "latency": each.milliseconds}
        for each in receipt.tries
    ]


def _line(line: Line) -> dict[str, Any]:
    return {
        "class": line.token_class,
        "unit": line.unit,
        "units": line.units,
        "tokens": line.units if line.unit == "token" else None,
        "above_prompt_tokens": line.above,
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
        "entry_id": posting.entry_id,
        "entry_number": posting.entry_no,
        "charge_total": None if posting.charged is None else money.show(posting.charged),
        "paid_from": [
            {
                "source": payment.source or UNCOVERED,
                "expires_on": payment.expires_on.isoformat() if payment.expires_on else None,
                "amount": money.show(payment.amount),
            }
            for payment in posting.paid
        ],
    }
