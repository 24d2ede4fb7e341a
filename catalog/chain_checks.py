"""What speaks against a chain going live: every reason at once, each naming the hop and what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby, islice

from .checks import NEEDED_RATES, SERVED
from .models import Capability, Chain, Hop, Model, PlanVersion, PriceVersion
from .own_address import is_ours

__all__ = ["Fault", "Reason", "Verdict", "examine"]

NAMES_AT_MOST = 10


class Fault(StrEnum):
    """What is wrong, for programs; people get the sentences."""

    NO_HOP = "no_hop"
    TWICE = "twice"
    OWN_ADDRESS = "own_address"
    PROVIDER_OFF = "provider_off"
    ENDPOINT_OFF = "endpoint_off"
    NOT_CONFIGURED = "not_configured"
    DIALECT = "dialect"
    WEIGHT_ALONE = "weight_alone"
    PLAN_LEFT_OUT = "plan_left_out"
    NO_PRICE = "no_price"
    NO_RATE = "no_rate"
    MODEL_OFF = "model_off"
    REPLACED_LATER = "replaced_later"
    NOT_A_DRAFT = "not_a_draft"
    NOT_AHEAD = "not_ahead"
    NOT_SCHEDULED = "not_scheduled"
    NOTHING_BEFORE = "nothing_before"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong: what, what to do about it, and the hop's place in the order, from 1, if it is a hop's."""

    fault: Fault
    message: str
    remedy: str
    hop: int | None = None

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What keeps a chain from going live, and what only should be known before."""

    refusals: tuple[Reason, ...]
    warnings: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Stop:
    number: int
    hop: Hop

    @property
    def name(self) -> str:
        return f"Hop {self.number} ({self.hop.endpoint}, {self.hop.upstream_model})"

    def wrong(self, fault: Fault, message: str, remedy: str) -> Reason:
        return Reason(fault, f"{self.name} {message}", remedy, self.number)


def examine(chain: Chain, *, at: datetime) -> Verdict:
    """Return what speaks against a chain going live at a moment (UTC); nothing is changed."""
    rows = Hop.objects.filter(chain=chain).select_related("endpoint__provider").order_by("position")
    stops = [
        _Stop(number, hop) for number, hop in enumerate(rows.prefetch_related("endpoint__keys"), start=1)
    ]
    callable_ = [stop for stop in stops if stop.hop.endpoint.configured]
    unconfigured = list(_unconfigured(stops))
    # What is switched off may wait for its key and its price; nobody is sold it before.
    for_a_key = [] if callable_ else unconfigured
    for_a_price = list(_unpriced(chain.model, at))
    sold = chain.model.active
    refusals = [
        *_empty(stops),
        *_twice(stops),
        *_own_addresses(stops),
        *_switched_off(stops),
        *(for_a_key if sold else []),
        *_foreign_dialects(stops, chain.model),
        *_lonely_weights(stops),
        *_plans_left_out(callable_ or stops, chain.model),
        *(for_a_price if sold else []),
    ]
    warnings = [
        *(unconfigured if callable_ else []),
        *([] if sold else [*for_a_key, *for_a_price]),
        *_model_off(chain.model),
        *_replaced_later(chain, at),
    ]
    return Verdict(tuple(refusals), tuple(warnings))


def _empty(stops: Sequence[_Stop]) -> Iterator[Reason]:
    if not stops:
        yield Reason(Fault.NO_HOP, "The chain has no hop.", "Add at least one.")


def _twice(stops: Sequence[_Stop]) -> Iterator[Reason]:
    first: dict[tuple[int, str], _Stop] = {}
    for stop in stops:
        before = first.setdefault((stop.hop.endpoint_id, stop.hop.upstream_model), stop)
        if before is not stop:
            yield stop.wrong(
                Fault.TWICE,
                f"asks the same place as hop {before.number}: the chain would go round in a loop.",
                "Remove one of them, or have one ask for another model.",
            )


def _own_addresses(stops: Sequence[_Stop]) -> Iterator[Reason]:
    for stop in stops:
        if is_ours(stop.hop.endpoint.base_url):
            yield stop.wrong(
                Fault.OWN_ADDRESS,
                f"leads back to this site, {stop.hop.endpoint.base_url}: each request would ask for itself again.",
                "Remove it, or give its endpoint the provider's own address.",
            )


def _switched_off(stops: Sequence[_Stop]) -> Iterator[Reason]:
    for stop in stops:
        endpoint = stop.hop.endpoint
        if not endpoint.provider.active:
            yield stop.wrong(
                Fault.PROVIDER_OFF,
                f"leads to {endpoint.provider.name}, which is switched off.",
                "Switch the provider on, or remove the hop.",
            )
        elif not endpoint.active:
            yield stop.wrong(
                Fault.ENDPOINT_OFF,
                "leads to an endpoint that is switched off.",
                "Switch the endpoint on, or remove the hop.",
            )


def _unconfigured(stops: Sequence[_Stop]) -> Iterator[Reason]:
    for stop in stops:
        endpoint = stop.hop.endpoint
        if not endpoint.configured:
            lacks = "key" if endpoint.base_url else "address"
            yield stop.wrong(
                Fault.NOT_CONFIGURED,
                f"cannot be called: its endpoint has no {lacks}.",
                f"Give the endpoint its {lacks}; until then the hop is passed by.",
            )


def _foreign_dialects(stops: Sequence[_Stop], model: Model) -> Iterator[Reason]:
    for stop in stops:
        provider = stop.hop.endpoint.provider
        if model.capability not in SERVED.get(provider.dialect, Capability.values):
            yield stop.wrong(
                Fault.DIALECT,
                f"cannot serve {model}: the dialect {provider.dialect} has no {model.capability}.",
                "Remove it, or use a provider whose dialect has it.",
            )


def _lonely_weights(stops: Sequence[_Stop]) -> Iterator[Reason]:
    for weighted, run in groupby(stops, key=lambda stop: stop.hop.weight > 0):
        alike = list(run)
        if weighted and len(alike) == 1:
            yield alike[0].wrong(
                Fault.WEIGHT_ALONE,
                f"has a weight of {alike[0].hop.weight} and no neighbour to share with.",
                "Give the hop before or after it a weight too, or set this one's to 0.",
            )


def _plans_left_out(stops: Sequence[_Stop], model: Model) -> Iterator[Reason]:
    lowest = min((stop.hop.plan_ranks_from for stop in stops), default=0)
    newest = PlanVersion.objects.order_by("plan_id", "-version").distinct("plan_id")
    below = PlanVersion.objects.filter(pk__in=newest, plan__rank__lt=lowest).select_related("plan")
    left_out = (
        terms.plan.name for terms in below.order_by("plan__rank") if terms.allows(model.public_id, model.tier)
    )
    names = list(islice(left_out, NAMES_AT_MOST + 1))
    if names:
        told = ", ".join(names[:NAMES_AT_MOST]) + (" and more" if len(names) > NAMES_AT_MOST else "")
        yield Reason(
            Fault.PLAN_LEFT_OUT,
            f"No hop that can be called is open to the {'plan' if len(names) == 1 else 'plans'} {told}, "
            f"which include{'s' if len(names) == 1 else ''} {model}.",
            f"Lower the plan rank of a hop, which is {lowest} at the least, or add a hop for everyone.",
        )


def _unpriced(model: Model, at: datetime) -> Iterator[Reason]:
    # A promotion ends: what is sold must have a price that stays.
    versions = PriceVersion.objects.filter(
        model=model, provider=None, valid_from__lte=at, kind="standard", valid_until=None
    )
    version = versions.order_by("-valid_from").first()
    moment = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if version is None:
        yield Reason(
            Fault.NO_PRICE,
            f"{model} has no sell price in force at {moment}.",
            "Add a price version that is valid by then.",
        )
        return
    rates = set(version.rates.filter(min_prompt_tokens=0).values_list("token_class", flat=True))  # type: ignore[arg-type]
    missing = [name for name in NEEDED_RATES.get(model.capability, ()) if name not in rates]
    if missing:
        yield Reason(
            Fault.NO_RATE,
            f"The sell price of {model} at {moment} has no rate for {' and '.join(missing)}.",
            f"Add a price version with all that {model.capability} needs.",
        )


def _model_off(model: Model) -> Iterator[Reason]:
    if not model.active:
        yield Reason(
            Fault.MODEL_OFF, f"{model} is switched off.", "Nobody can call it until it is switched on."
        )


def _replaced_later(chain: Chain, at: datetime) -> Iterator[Reason]:
    later = Chain.objects.filter(model_id=chain.model_id, publish_at__gt=at).exclude(pk=chain.pk)
    for other in later.order_by("publish_at")[:NAMES_AT_MOST]:
        yield Reason(
            Fault.REPLACED_LATER,
            f"Version {other.version} is scheduled for {other.publish_at:%Y-%m-%d %H:%M} UTC and takes over then.",
            "Unschedule it if this version should stay.",
        )
