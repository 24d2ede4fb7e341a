"""What is to be re-priced and how: models, a span that is over, and the price or the factor that should have been."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from billing.models import Reprice
from catalog.models import Model, Multiplier, PriceVersion
from kernel import clock

__all__ = ["LONGEST", "Refused", "Terms", "check", "describe", "first_and_end", "overlapping"]

LONGEST = timedelta(days=31)
REST = timedelta(hours=1)  # every request that began before is settled: none takes longer
MOST_MODELS = 50
_MOST_PPM = 10**9


class Refused(Exception):
    """What cannot be re-priced as it is asked; `field` is what to mend, if it is one."""

    def __init__(self, said: str, *, field: str | None = None) -> None:
        super().__init__(said)
        self.field = field


@dataclass(frozen=True, slots=True)
class Terms:
    """Requests admitted from `begins` until before `ends` (UTC, whole minutes), answered by some models.

    `price_version_id` is the sell price they should have had; without one each keeps its own. `multiplier_id` is a
    factor that was wrong and `multiplier_ppm` what it should have been, in millionths, wherever it was on the charge.
    """

    models: tuple[int, ...]
    begins: datetime
    ends: datetime
    price_version_id: int | None = None
    multiplier_id: int | None = None
    multiplier_ppm: int | None = None


def first_and_end(terms: Terms) -> tuple[int, int]:
    """Return the first minute of the span since 1970, and the first after it."""
    return tuple(int(moment.timestamp() // 60) for moment in (terms.begins, terms.ends))  # type: ignore[return-value]


def check(terms: Terms) -> None:
    """Look whether these terms can be measured. Raises Refused with what to mend."""
    _check_span(terms)
    _check_price(terms)
    _check_factor(terms)
    if terms.price_version_id is None and terms.multiplier_id is None:
        raise Refused("Choose the price version or the multiplier that should have been.")
    _check_open(terms)
    _check_others(terms)


def _check_span(terms: Terms) -> None:
    if not terms.models or len(terms.models) > MOST_MODELS:
        raise Refused(f"Choose from one to {MOST_MODELS} models.", field="models")
    if terms.begins >= terms.ends or terms.ends - terms.begins > LONGEST:
        raise Refused(
            f"The span has an end after its beginning, at most {LONGEST.days} days on.", field="ends"
        )
    if any(moment.second or moment.microsecond for moment in (terms.begins, terms.ends)):
        raise Refused("The span begins and ends with a minute.", field="begins")
    if terms.ends > clock.now() - REST:
        raise Refused(
            "The span must be over for an hour, so that every request of it is settled.", field="ends"
        )


def _check_price(terms: Terms) -> None:
    if terms.price_version_id is None:
        return
    version = PriceVersion.objects.filter(pk=terms.price_version_id).first()
    if version is None or version.provider_id is not None:
        raise Refused("Choose a sell price, not what a provider charges.", field="price_version")
    if terms.models != (version.model_id,):
        raise Refused(f"This is a price of {version.model}: choose that model alone.", field="price_version")


def _check_factor(terms: Terms) -> None:
    if terms.multiplier_id is None:
        return
    row = Multiplier.objects.filter(pk=terms.multiplier_id).first()
    if row is None or terms.multiplier_ppm is None or not 0 <= terms.multiplier_ppm <= _MOST_PPM:
        raise Refused("Say what the multiplier should have been, from 0 to 1,000.", field="factor")
    if row.factor_ppm == terms.multiplier_ppm:
        raise Refused("The multiplier is that already.", field="factor")


def _check_open(terms: Terms) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM billing_admission WHERE minute_no >= %s AND minute_no < %s",
            first_and_end(terms),
        )
        (still,) = cursor.fetchone() or (0,)
    if still:
        raise Refused(
            f"{still:,} requests of this span are still open: wait until they are settled.", field="ends"
        )


def _check_others(terms: Terms) -> None:
    other = overlapping(terms.models, terms.begins, terms.ends).first()
    if other is not None:
        raise Refused(
            f"A part of this was re-priced already, by {other} ({other.reason}): leave that out.",
            field="begins",
        )


def overlapping(models: Sequence[int], begins: datetime, ends: datetime) -> QuerySet[Reprice]:
    """Return the re-pricings, applied or under way, that have a request in common with these."""
    done = Reprice.objects.filter(state__in=[Reprice.State.APPLYING, Reprice.State.APPLIED])
    return done.filter(model_ids__overlap=list(models), begins__lt=ends, ends__gt=begins)


def describe(terms: Terms) -> str:
    """Return what is re-priced in a few words: the models and the span."""
    names = list(Model.objects.filter(pk__in=terms.models).values_list("public_id", flat=True))
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    begins, ends = (moment.astimezone(UTC) for moment in (terms.begins, terms.ends))
    return f"{told}, {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC"
