"""Who and what the walks are about: a customer with a key and credit, and models with prices and upstreams."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from accounts import keys, workspaces
from accounts.models import ApiKey, Workspace
from billing import ledger
from billing.models import LedgerEntry, LedgerTransaction
from catalog.models import Chain, Endpoint, Hop, Model, Plan, PlanVersion, PriceVersion, Provider, Rate
from kernel import clock, money

BEYOND_CATALOGUES = 1000
"""Ranks of plans that tests save begin above it: the committed ones stay, and catalogues that are loaded later have lower ones."""
TIERS = ["free", "lite", "premium", "max"]
# USD per million tokens; unlike each other, so that a wrong class shows in the sum.
RATES = {"input": 2_000_000, "cached": 500_000, "output": 8_000_000, "reasoning": 9_000_000}


@dataclass(frozen=True)
class Customer:
    """A workspace with a key; the secret is in clear."""

    workspace: Workspace
    key: ApiKey
    secret: str

    def account(self) -> dict[str, int]:
        """Return the account row."""
        return _row("SELECT * FROM billing_account WHERE workspace_id = %s", [self.workspace.pk])

    def events(self) -> list[dict[str, Any]]:
        """Return the usage events, oldest first."""
        return _rows(
            "SELECT * FROM billing_usage_event WHERE workspace_id = %s ORDER BY id", [self.workspace.pk]
        )

    def event(self, request_id: str) -> dict[str, Any]:
        """Return the one usage event of a request."""
        return _row("SELECT * FROM billing_usage_event WHERE request_id = %s", [request_id])

    def attempts(self, request_id: str) -> list[dict[str, Any]]:
        """Return the failed attempts of a request, in order."""
        return _rows("SELECT * FROM billing_attempt WHERE request_id = %s ORDER BY number", [request_id])

    def open_requests(self) -> int:
        """Return how many leases are open."""
        rows = _rows("SELECT 1 FROM billing_admission WHERE workspace_id = %s", [self.workspace.pk])
        return len(rows)


def customer(*, credit_usd: str = "100", **terms: Any) -> Customer:
    """Save a customer on a plan of its own, which includes every tier unless `terms` says otherwise."""
    name = secrets.token_hex(6)
    rank = max(Plan.objects.aggregate(Max("rank"))["rank__max"] or 0, BEYOND_CATALOGUES) + 1
    plan = Plan.objects.create(slug=name, name=f"Plan {name}", rank=rank)
    version = PlanVersion.objects.create(
        **{
            "plan": plan,
            "version": 1,
            "published_at": clock.now(),
            "price_nano": 0,
            "credits_nano": 0,
            "tiers": TIERS,
            "stream_cap": 50,
            **terms,
        }
    )
    workspace = workspaces.create(name, plan_version=version)
    amount = money.from_usd(credit_usd)
    if amount:
        ledger.post(
            workspace_id=workspace.pk,
            kind=LedgerTransaction.Kind.TOP_UP,
            amount=amount,
            offset=LedgerEntry.Account.CLEARING,
            idem_key="test",
        )
    key, secret = keys.mint(workspace, name="test")
    return Customer(workspace, key, secret)


@transaction.atomic  # a gateway that saw half of it would sell at no price
def model(
    *hops: tuple[str, str], rates: dict[str, int] | None = None, wait_seconds: int = 15, **facts: Any
) -> str:
    """Save a model whose chain has these hops (base URL, upstream model), each a provider of its own.

    First byte and idle time are waited for `wait_seconds`. Returns the model's id.
    """
    name = f"route/{secrets.token_hex(6)}"
    row = Model.objects.create(
        **{
            "public_id": name,
            "name": name,
            "author": "test",
            "tier": "free",
            "context_length": 131_072,
            "max_output_tokens": 8_192,
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "created_at": clock.now(),
            **facts,
        }
    )
    chain = Chain.objects.create(model=row, version=1, status=Chain.Status.LIVE, published_at=clock.now())
    for position, (base_url, upstream_model) in enumerate(hops):
        Hop.objects.create(
            chain=chain,
            position=position,
            endpoint=_endpoint(base_url, wait_seconds),
            upstream_model=upstream_model,
        )
    version = PriceVersion.objects.create(model=row, valid_from=clock.now(), source="test")
    for token_class, rate in (rates or RATES).items():
        Rate.objects.create(price_version=version, token_class=token_class, micro_usd_per_million=rate)
    return name


def _endpoint(base_url: str, wait_seconds: int) -> Endpoint:
    provider = Provider.objects.create(slug=f"p-{secrets.token_hex(6)}", name="test", private=True)
    return Endpoint.objects.create(
        provider=provider,
        name="test",
        base_url=base_url,
        needs_credential=False,
        first_byte_seconds=wait_seconds,
        idle_seconds=wait_seconds,
        total_seconds=2 * wait_seconds,
    )


def _rows(sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _row(sql: str, parameters: list[Any]) -> dict[str, Any]:
    (row,) = _rows(sql, parameters)
    return row
