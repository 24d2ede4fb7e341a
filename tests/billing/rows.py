"""Makes the rows that tests of the money start from: workspaces, and events settled as the gateway settles them."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, transaction
from django.db.models import Max

from accounts.models import Workspace
from billing import ledger, recomputed
from billing.gate import SESSION
from billing.models import LedgerEntry, LedgerTransaction
from billing.proof import retained
from billing.proof.invariants import INVARIANTS
from billing.proof.rules import Scope, check
from catalog.models import Model, Plan, PlanVersion, PriceVersion, Rate
from kernel import clock, ids, postgres
from tests.fakes.cast import BEYOND_CATALOGUES


def workspace(**terms: Any) -> int:
    """Save a new workspace on a plan of its own and return its id; the database opens its account."""
    name = secrets.token_hex(8)
    rank = max(Plan.objects.aggregate(Max("rank"))["rank__max"] or 0, BEYOND_CATALOGUES) + 1
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
    with transaction.atomic(), connection.cursor() as cursor:
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
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_account SET unbilled = unbilled + %s, minute_no = greatest(minute_no, %s)"
            " WHERE workspace_id = %s RETURNING charge_no",
            [cost, clock.minute_number(), workspace_id],
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


def fund(workspace_id: int, nano: int) -> None:
    """Top a workspace up by some nano-USD."""
    ledger.post(
        workspace_id=workspace_id,
        kind=LedgerTransaction.Kind.TOP_UP,
        amount=nano,
        offset=LedgerEntry.Account.CLEARING,
        idem_key=f"fund:{secrets.token_hex(8)}",
    )


def count(table: str, workspace_id: int) -> int:
    """Return how many rows of a table belong to a workspace."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE workspace_id = %s", [workspace_id])
        return int(cursor.fetchone()[0])


def count_apart(table: str, workspace_id: int) -> int:
    """Count on a connection of its own: for use in another thread than the test's."""
    with psycopg.connect(postgres.conninfo()) as apart:
        row = apart.execute(
            f"SELECT count(*) FROM {table} WHERE workspace_id = %s".encode(), [workspace_id]
        ).fetchone()
        return int(row[0]) if row else 0


def cut_gates() -> None:
    """Terminate the sessions of all gates on this database, and wait until they have ended."""
    with psycopg.connect(postgres.conninfo(), autocommit=True) as apart:
        apart.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [SESSION],
        )


def progress(request: UUID) -> tuple[Any, ...]:
    """Return what the last checkpoint of an open request says."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT provider_id, progress_input, progress_output, multipliers FROM billing_admission"
            " WHERE request_id = %s",
            [request],
        )
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def sums(workspace_id: int) -> tuple[int, int, int]:
    """Return events, cost and output tokens of a workspace, over all revisions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), sum(cost)::bigint, sum(output_tokens)::bigint FROM billing_usage_event"
            " WHERE workspace_id = %s",
            [workspace_id],
        )
        row: tuple[int, int, int] = cursor.fetchone()
        return row


def event_ids(workspace_id: int) -> set[UUID]:
    """Return the ids of a workspace's events."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM billing_usage_event WHERE workspace_id = %s", [workspace_id])
        return {row[0] for row in cursor.fetchall()}


@contextlib.contextmanager
def locked(workspace_id: int) -> Iterator[None]:
    """Hold the lock on a workspace's account row in another session."""
    with psycopg.connect(postgres.conninfo()) as apart:
        apart.execute("SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE", [workspace_id])
        yield


@contextlib.asynccontextmanager
async def holding(workspace_id: int) -> AsyncIterator[None]:
    """Hold the lock on a workspace's account row in another session."""
    async with await psycopg.AsyncConnection.connect(postgres.conninfo()) as apart:
        await apart.execute("SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE", [workspace_id])
        yield


def findings(workspace: int) -> dict[str, list[tuple[object, ...]]]:
    """Return what each invariant finds in a workspace: day, subject, expected, found."""
    with connection.cursor() as cursor:
        scope = Scope(workspace, complete_from=retained.complete_from(cursor))
        outcomes = [check(cursor, invariant, scope) for invariant in INVARIANTS]
        outcomes.append(recomputed.check(cursor, workspace_id=workspace))
    return {
        outcome.name: [(row.day, row.subject, row.expected, row.found) for row in outcome.findings]
        for outcome in outcomes
        if outcome.broken
    }


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]


@transaction.atomic
def price(**rates: int) -> tuple[int, int]:
    """Save a chat model with a price; return the ids of both."""
    name = f"sandbox/{ids.request_id()}"
    model = Model.objects.create(
        public_id=name,
        name=name,
        author="sandbox",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    version = PriceVersion.objects.create(model=model, valid_from=clock.now(), source="test")
    for token_class, amount in rates.items():
        Rate.objects.create(price_version=version, token_class=token_class, micro_usd_per_million=amount)
    return model.pk, version.pk
