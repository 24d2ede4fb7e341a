"""How many requests came to a list since it was shown; asked every few seconds, so it counts no further than it must."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from billing.refusals import minute_of

from .conditions import Conditions
from .marks import Mark

__all__ = ["MOST", "since"]

MOST = 100
"""More than this is told as "more than 100"."""

_EVENTS = """
SELECT count(*) FROM (
    SELECT FROM billing_usage_event e
    WHERE e.workspace_id = %(workspace)s AND e.rev = 0 AND e.charge_no >= %(number)s
        AND (e.charge_no, e.recorded_at, e.id) > (%(number)s, %(at)s, %(id)s) AND e.recorded_at >= %(begins)s{narrowed}
    LIMIT %(most)s) found
"""
_REFUSALS = """
SELECT count(*) FROM (
    SELECT FROM billing_refusal r
    WHERE workspace_id = %(workspace)s AND minute_no >= %(minute)s AND (minute_no, request_id) > (%(minute)s, %(id)s){narrowed}
    LIMIT %(most)s) found
"""


def since(asked: Conditions, mark: Mark) -> int:
    """Return how many requests that fit were settled or refused since a mark, at most MOST + 1 of either."""
    return _settled(asked, mark) + _refused(asked, mark)


def _settled(asked: Conditions, mark: Mark) -> int:
    if asked.events is None:
        return 0
    key = mark.event
    values = {
        **asked.values,
        "number": asked.values["first_no"] if key is None else key.charge_no,
        "at": "-infinity" if key is None else key.recorded_at,
        "id": UUID(int=0) if key is None else key.id,
        "most": MOST + 1,
    }
    return _count(_EVENTS.format(narrowed=asked.events), values)


def _refused(asked: Conditions, mark: Mark) -> int:
    if asked.refusals is None:
        return 0
    last = mark.refusal
    values = {
        **asked.values,
        "minute": asked.values["first_minute"] if last is None else minute_of(last),
        "id": last or UUID(int=0),
        "most": MOST + 1,
    }
    return _count(_REFUSALS.format(narrowed=asked.refusals), values)


def _count(statement: str, values: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        [number] = cursor.fetchone() or (0,)
        return int(number)
