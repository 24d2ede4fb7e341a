"""`manage.py create_workspace`: a workspace with a key and, if wanted, credit, for scripts and first customers."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import keys, workspaces
from billing import ledger
from billing.subscriptions import book
from catalog import plans
from catalog.models import Plan, PlanVersion
from kernel import deeds, money

GREATEST_USD = 1_000_000
ACTOR = "manage.py create_workspace"


class Command(BaseCommand):
    """Make a workspace; its key is shown this once."""

    help = "Make a workspace on the newest terms of a plan, with an API key and an opening credit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the workspace's name, 1 to 100 characters")
        parser.add_argument("--plan", default="payg", help="a plan's slug (default: %(default)s)")
        parser.add_argument("--credit", default="0", metavar="USD", help="credit granted at once")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")

    def handle(
        self, *_arguments: Any, name: str, plan: str, credit: str, json: bool, **_options: Any
    ) -> None:
        terms, amount = _terms(plan), _amount(credit)
        made = _make(name, terms, amount)
        self.stdout.write(
            _as_json(made) if json else "\n".join(f"{key:<9} {value}" for key, value in made.items())
        )


@transaction.atomic
def _make(name: str, terms: PlanVersion, amount: int) -> dict[str, Any]:
    try:
        workspace = workspaces.create(name, plan_version=terms)
    except ValueError as error:
        raise CommandError(str(error)) from None
    _, secret = keys.mint(workspace, name="First key")
    if amount:
        ledger.post(
            workspace_id=workspace.pk,
            kind=ledger.Kind.GRANT,
            amount=amount,
            offset=ledger.System.PROMOTION,
            idem_key=f"opening:{workspace.pk}",
            reason="Opening credit",
            actor=ACTOR,
        )
    book.begin(workspace, actor=ACTOR, reason="New workspace")
    deeds.tell(
        deeds.Deed(
            "add", workspace, f"Made on {terms} with {money.show(amount, decimals=2)} USD.", actor=ACTOR
        )
    )
    return {"workspace": workspace.pk, "slug": workspace.slug, "api_key": secret}


def _terms(slug: str) -> PlanVersion:
    terms = plans.newest(slug)
    if terms is None:
        known = ", ".join(
            Plan.objects.filter(versions__isnull=False).distinct().values_list("slug", flat=True)
        )
        raise CommandError(f"--plan: there is no plan {slug!r}; there are: {known or 'none yet'}")
    return terms


def _amount(usd: str) -> int:
    try:
        amount = money.from_usd(usd)
    except ValueError as error:
        raise CommandError(f"--credit: {error}") from None
    if not 0 <= amount <= GREATEST_USD * money.NANO_PER_USD:
        raise CommandError(f"--credit: an amount from 0 to {GREATEST_USD:,} USD, not {usd}")
    return amount


def _as_json(made: dict[str, Any]) -> str:
    return json.dumps(made)
