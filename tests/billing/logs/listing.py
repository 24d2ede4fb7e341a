"""Makes requests and refusals at moments, and reads the list that an address asks for."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict

from billing import reach
from billing.exploring import scope
from billing.logs.conditions import Conditions, conditions
from billing.logs.lines import Listed, listed
from billing.logs.marks import NOWHERE, Mark
from billing.logs.sought import Sought, read
from billing.models import Refusal, RefusalCount
from kernel import clock
from tests.billing import rows

__all__ = ["ago", "asked", "at", "page", "refuse", "settle", "sought", "walk"]


def at(moment: datetime) -> UUID:
    """Return the id that a request of a moment could have."""
    milliseconds = int(moment.timestamp() * 1000)
    random = secrets.randbits(54) << 8
    return UUID(int=milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | random)


def ago(**passed: float) -> datetime:
    """Return the moment so long ago."""
    return clock.now() - timedelta(**passed)


def settle(workspace: int, moment: datetime, **columns: Any) -> UUID:
    """Settle a request that ended at a moment."""
    columns = {"admitted_at": moment, "recorded_at": moment, "request_id": at(moment), **columns}
    columns.setdefault("minute_no", clock.minute_number(moment.timestamp()))
    return rows.settle(workspace, **columns)


def refuse(
    workspace: int, moment: datetime, code: str = "MINUTE_REQUEST_LIMIT_EXCEEDED", **columns: Any
) -> UUID:
    """Save a refusal of a moment, and count it."""
    request, minute = at(moment), clock.minute_number(moment.timestamp())
    row = {"model": "route/one", "api_key_id": 1, "message": "", "weight": 1, **columns}
    figures = {"cap": 60, "used": 60, "required": 0, "available": 0, "held": 0}
    Refusal.objects.create(
        request_id=request,
        workspace_id=workspace,
        minute_no=minute,
        code=code,
        refused_at=moment,
        **{**figures, **row},
    )
    counted, _ = RefusalCount.objects.get_or_create(
        workspace_id=workspace,
        minute_no=minute,
        api_key_id=row["api_key_id"],
        model=row["model"],
        code=code,
        defaults={"refusals": 1},
    )
    RefusalCount.objects.filter(pk=counted.pk).update(
        refusals=Refusal.objects.filter(
            workspace_id=workspace,
            minute_no=minute,
            api_key_id=row["api_key_id"],
            model=row["model"],
            code=code,
        ).count()
    )
    return request


def sought(address: str = "", *, zone: str = "UTC") -> Sought:
    """Return what an address looks for."""
    return read(QueryDict(address.lstrip("?")), zone=ZoneInfo(zone), now=clock.now())


def asked(workspace: int, address: str = "", *, days: int | None = None) -> Conditions:
    """Return the conditions of an address in a workspace."""
    return conditions(workspace, sought(address), scope.of(workspace), reach=reach.of(days))


def page(workspace: int, address: str = "", mark: Mark = NOWHERE) -> Listed:
    """Return the page of a workspace's list behind a mark."""
    return listed(asked(workspace, address), mark, first=mark == NOWHERE)


def walk(workspace: int, address: str = "", *, most: int = 20) -> list[UUID]:
    """Return all requests of a list, from page to page."""
    found: list[UUID] = []
    mark: Mark | None = NOWHERE
    for _ in range(most):
        if mark is None:
            return found
        one = page(workspace, address, Mark.read(str(mark)))
        found += [row.request_id for row in one.ended]
        mark = one.older
    raise AssertionError("the list has no end")
