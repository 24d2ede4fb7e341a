"""Asks for views of usage as an address does."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import QueryDict

from billing.exploring import scope, tally
from billing.exploring.question import Question, read
from billing.exploring.tally import Answer
from kernel import clock

__all__ = ["NOON", "answer", "question"]

NOON = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("UTC"))


def question(address: str = "", *, zone: str = "UTC", now: datetime = NOON) -> Question:
    """Return what an address asks for."""
    return read(QueryDict(address.lstrip("?")), zone=ZoneInfo(zone), now=now)


def answer(workspace: int, address: str = "", *, zone: str = "UTC") -> Answer:
    """Return what an address asks for, of a workspace, now."""
    asked = question(address, zone=zone, now=clock.now())
    return tally.ask(workspace, asked, scope.of(workspace).only(asked.narrowed))
