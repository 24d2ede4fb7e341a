"""Makes the rows that tests of the money start from: workspaces, and events settled as the gateway settles them."""

import secrets
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import Workspace
from catalog.models import Plan, PlanVersion
from kernel import clock, ids

__all__ = ["account", "admit", "settle", "workspace"]


def workspace(**terms: Any) -> int:
    """Save a new workspace on a plan of its own and return its id; the database opens its account."""
    name = secrets.token_hex(8)
    rank = secrets.randbelow(30_000)
    while Plan.objects.filter(rank=rank).exists():
        rank = secrets.randbelow(30_000)
    plan = Plan.objects.create(slug=name, name=name, rank=rank)
    version = PlanVersion.objects.create(
        **{
            "plan": plan,
            "version": 1,
            "published_at": clock.now(),
            "price_nano": 0,
            "credits_nano": 0,
            "tiers": ["free"],
            "stream_cap": 7,
            **terms,
        }
    )
    return Workspace.objects.create(name=name, slug=name, plan_version=version).pk


def account(workspace_id: int) -> dict[str, int]:
    """Return the account row of a workspace."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM billing_account WHERE workspace_id = %s", [workspace_id])
        row = cursor.fetchone()
        assert row is not None
        return dict(zip([column.name for column in cursor.description], row, strict=True))


def admit(workspace_id: int, *, hold: int = 0, stream: bool = False, **columns: Any) -> UUID:
    """Open a lease and hold as admission does, and return the request's id."""
    request = ids.request_id()
    lease = {
        "request_id": request,
        "workspace_id": workspace_id,
        "api_key_id": 1,
        "model_id": 1,
        "chain_id": 1,
        "price_version_id": 1,
        "multipliers": "",
        "hold": hold,
        "weight": 1,
        "stream": stream,
        "tag": "",
        "minute_no": clock.minute_number(),
        "kill_generation": 0,
        "worker_id": ids.request_id(),
        **columns,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_account SET held = held + %s, open_streams = open_streams + %s WHERE workspace_id = %s",
            [hold, int(stream), workspace_id],
        )
        cursor.execute(*_insert("billing_admission", lease))
    return request


def settle(workspace_id: int, *, cost: int = 0, **columns: Any) -> UUID:
    """Write one event under the account's lock with its open charge number, as settlement does."""
    request = columns.pop("request_id", None) or ids.request_id()
    revision = columns.pop("rev", 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_account SET unbilled = unbilled + %s WHERE workspace_id = %s RETURNING charge_no",
            [cost, workspace_id],
        )
        row = cursor.fetchone()
        assert row is not None
        event = {
            "id": ids.revision_id(request, revision),
            "request_id": request,
            "rev": revision,
            "workspace_id": workspace_id,
            "api_key_id": 1,
            "charge_no": row[0],
            "minute_no": clock.minute_number(),
            "weight": 1,
            "model_id": 1,
            "chain_id": 1,
            "stream": False,
            "status": "ok",
            "http_status": 200,
            "usage_source": "upstream",
            "price_version_id": 1,
            "cost": cost,
            "hold": 0,
            "latency_ms": 10,
            "admitted_at": clock.now(),
            **columns,
        }
        cursor.execute(*_insert("billing_usage_event", event))
    return request


def _insert(table: str, row: dict[str, Any]) -> tuple[str, list[Any]]:
    places = ", ".join(["%s"] * len(row))
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values())
