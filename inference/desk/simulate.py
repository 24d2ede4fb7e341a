"""The route that tells how a request would run: over which providers, on what terms, at what hold, or why not."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from billing import receipts
from catalog.snapshot import Price
from kernel import money

from .. import process
from ..deal import Deal
from . import charges, identity, would_be
from .figures import answer, factor
from .would_be import Foreseen

__all__ = ["router"]

router = Router()


@router.post("/route/simulate")
def simulate(request: HttpRequest) -> HttpResponse:
    """Tell how a request with this body would fare now; nothing is sent, nothing is charged, no quota is used."""
    caller = identity.caller(request)
    return answer({"data": _told(would_be.foresee(process.current(), caller, request.body))})


def _told(seen: Foreseen) -> dict[str, Any]:
    deal = seen.deal
    terms = _terms(deal) if deal is not None else dict.fromkeys(("hops", "terms", "price"))
    return {
        "model": seen.model,
        "admitted": seen.failure is None,
        "refusal": would_be.refusal(seen),
        **terms,
        "messages_dropped": deal.first.dropped if deal is not None else None,
        "hold": money.show(seen.hold) if seen.hold is not None else None,
    }


def _terms(deal: Deal) -> dict[str, Any]:
    terms, first = deal.terms, deal.first
    breaker = process.current().news.breaker
    return {
        "hops": [
            {
                "position": position,
                "model": leg.offer.public_id,
                "provider_name": leg.hop.provider,
                "left_alone": breaker.verdict(leg.place) == "open",
                "multipliers": _factors(leg.price),
            }
            for position, leg in enumerate(deal.legs, 1)
        ],
        "terms": {
            "plan": terms.slug,
            "plan_tier": terms.name,
            "model_tier": first.offer.tier,
            "request_weight": deal.weight,
            "max_tokens": first.max_tokens,
            "context_length": first.offer.context_length,
            "requests_per_minute": terms.minute_cap,
            "requests_per_hour": terms.hour_cap,
            "requests_per_day": terms.day_cap,
            "streams": terms.stream_cap,
        },
        "price": _price(first.price),
    }


def _price(price: Price) -> dict[str, Any]:
    return {
        **charges.told(receipts.price(price.card.version_id)),
        "rates": [
            {
                "class": name,
                "above_prompt_tokens": minimum,
                "rate_per_million": money.show(rate * 1000, decimals=6),
            }
            for name, steps in price.card.rates.items()
            for minimum, rate in steps
        ],
    }


def _factors(price: Price) -> list[dict[str, str]]:
    return [
        {"scope": each.scope, "target": each.target, "factor": factor(each.ppm)} for each in price.factors
    ]
