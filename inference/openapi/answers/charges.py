"""How charges are described: their parts, the price they are pinned to, and where they are booked."""

from collections.abc import Mapping

from billing.models import CreditLot
from catalog.models import PriceKind

from ...desk.charges import RULE, UNCOVERED
from ..schemas import MOMENT, TEXT, USD_TEXT, WORD, Schema, choice, fixed, listed, nullable, record, whole

__all__ = ["ATTEMPTS", "MULTIPLIERS", "PARTS", "SETTLED", "VERSION"]

_COUNT = whole()
_DATE: Schema = {"type": "string", "format": "date"}
_UUID: Schema = {"type": "string", "format": "uuid"}
MULTIPLIERS = listed(record(scope=TEXT, target=TEXT, factor=USD_TEXT))
VERSION = {
    "version": _COUNT,
    "kind": choice(PriceKind.values),
    "label": TEXT,
    "source": TEXT,
    "valid_from": MOMENT,
    "valid_until": nullable(MOMENT),
}
_LINE = record(
    **{"class": WORD},
    unit=choice(["token", "request", "image", "search"]),
    units=_COUNT,
    tokens=nullable(_COUNT),
    above_prompt_tokens=_COUNT,
    rate_per_million=USD_TEXT,
    amount=USD_TEXT,
)
PARTS: Mapping[str, Schema] = {
    "currency": fixed("USD"),
    "lines": listed(_LINE),
    "subtotal": USD_TEXT,
    "multipliers": MULTIPLIERS,
    "multiplied": USD_TEXT,
    "rounding": USD_TEXT,
    "waived": USD_TEXT,
    "cost": USD_TEXT,
    "notes": listed(TEXT),
    "price": record(**VERSION),
}
_PAYMENT = record(
    source=choice([*CreditLot.Source.values, UNCOVERED]), expires_on=nullable(_DATE), amount=USD_TEXT
)
ATTEMPTS = listed(record(provider_name=TEXT, outcome=WORD, latency=_COUNT))
_POSTING = record(
    revision=_COUNT,
    charge_number=_COUNT,
    day=_DATE,
    amount=USD_TEXT,
    state=choice(["posted", "open"]),
    transaction_id=nullable(_UUID),
    entry_id=nullable(_UUID),
    entry_number=nullable(_COUNT),
    charge_total=nullable(USD_TEXT),
    paid_from=listed(_PAYMENT),
)
SETTLED: Mapping[str, Schema] = {
    **PARTS,
    "statement_day": _DATE,
    "ledger": listed(_POSTING),
    "ledger_note": TEXT,
    "provider_name": nullable(WORD),
    "attempts": ATTEMPTS,
    "usage_source": TEXT,
    "status": WORD,
    "rule": record(text=TEXT, link=fixed(RULE)),
}
