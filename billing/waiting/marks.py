"""What operators said of things on the desk: not before a moment, or whose it is; the newest saying of a kind holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from billing.models import DeskMark
from kernel import clock, ids

__all__ = ["LONGEST_DAYS", "Marked", "give", "marked", "put_off"]

LONGEST_DAYS = 31
"""How far a thing can be put off: what is to be forgotten is to be settled instead."""

_NEWEST = """
SELECT asked.item, later.until, whose.person_id, coalesce(nullif(u.name, ''), u.email, '')
FROM unnest(%s::text[]) asked (item)
LEFT JOIN LATERAL (SELECT until FROM billing_desk_mark WHERE item = asked.item AND kind = 'later'
    ORDER BY made_at DESC LIMIT 1) later ON true
LEFT JOIN LATERAL (SELECT person_id FROM billing_desk_mark WHERE item = asked.item AND kind = 'for'
    ORDER BY made_at DESC LIMIT 1) whose ON true
LEFT JOIN accounts_user u ON u.id = whose.person_id
WHERE later.until IS NOT NULL OR whose.person_id IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Marked:
    """What holds of one thing: put off until a moment, and whose it is."""

    until: datetime | None = None
    person_id: int | None = None
    person: str = ""


def marked(items: Iterable[str]) -> Mapping[str, Marked]:
    """Return what was said of things, by their keys; those of which nothing holds are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [list(items)])
        return {item: Marked(*said) for item, *said in cursor.fetchall()}


def put_off(item: str, *, title: str, until: datetime | None, by: str) -> DeskMark:
    """Leave a thing off the desk until a moment, or take it back with None. Raises ValueError for a moment too far."""
    now = clock.now()
    if until is not None and not 0 < (until - now).total_seconds() <= LONGEST_DAYS * 86_400:
        raise ValueError(f"until: within {LONGEST_DAYS} days from now")
    return _say(item, title=title, kind=DeskMark.Kind.LATER, until=until, by=by, now=now)


def give(item: str, *, title: str, person_id: int | None, by: str) -> DeskMark:
    """Say whose a thing is; None: nobody's."""
    now = clock.now()
    return _say(item, title=title, kind=DeskMark.Kind.FOR, person_id=person_id, by=by, now=now)


def _say(
    item: str,
    *,
    title: str,
    kind: DeskMark.Kind,
    by: str,
    now: datetime,
    until: datetime | None = None,
    person_id: int | None = None,
) -> DeskMark:
    return DeskMark.objects.create(
        id=ids.request_id(),
        item=item,
        title=title,
        kind=kind,
        until=until,
        person_id=person_id,
        by=by,
        made_at=now,
    )
