"""A workspace with keys in every state and models with prices, factors and a past, for the pages that show them."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Member, User, Workspace
from billing import budgets
from billing.budgets import Period
from catalog.models import Hop, Model, Multiplier
from kernel import clock
from tests.billing import rows
from tests.fakes import cast

NANO = 10**9
# Name, days since its last use, limit and spend in USD, period.
KEYS = (
    ("backend-prod", 0, 300, 212, Period.MONTH),
    ("eval-nightly", 0, 50, 46, Period.WEEK),
    ("claude-code · Mara", 1, 10, 3, Period.DAY),
    ("hackday-2025", 94, None, 0, None),
)
# Name, whether its tier is in the plan, input and output price in micro-USD per million tokens, share of calls that fail.
MODELS = (
    ("DeepSeek V3.2", True, 280_000, 420_000, 0),
    ("GLM 5.1", True, 600_000, 2_200_000, 2),
    ("Kimi K2.5", True, 600_000, 2_500_000, 60),
    ("GLM 5.1 Precision", False, 1_000_000, 3_200_000, 0),
)


@dataclass(frozen=True)
class Shop:
    """A person's open session, their workspace, a model that answers, one that reads images, and a key's number."""

    session: str
    workspace: Workspace
    talker: str
    seer: str
    key: int


def put_away() -> list[int]:
    """Switch off the models of other tests, of which there may be a thousand, and return them."""
    others = list(Model.objects.filter(active=True).values_list("pk", flat=True))
    Model.objects.update(active=False)
    return others


def put_back(others: list[int]) -> None:
    """Switch them on again."""
    Model.objects.filter(pk__in=others).update(active=True)


def opened(sandbox: str) -> Shop:
    """Save it all."""
    owner = cast.customer(credit_usd="148.27", tiers=["free", "lite"])
    slug = owner.workspace.plan_version.plan.slug
    since = clock.now() - timedelta(days=1)
    Multiplier.objects.create(scope="plan", target=slug, factor_ppm=900_000, valid_from=since, reason="test")
    cast.customer(tiers=["free", "lite", "max"])
    ids = [_model(sandbox, *facts) for facts in MODELS]
    seer = cast.model((sandbox, "words"), name="Seer", input_modalities=["text", "image"])
    ApiKey.objects.filter(pk=owner.key.pk).update(name="mobile-app", last_used_at=clock.now())
    keys.rotate(owner.key, grace_seconds=24 * 3600)
    for facts in KEYS:
        _key(owner.workspace, *facts)
    ended, _ = keys.mint(owner.workspace, name="old-staging")
    keys.revoke(ended)
    return Shop(_session(owner.workspace), owner.workspace, ids[0], seer, owner.key.pk)


def _session(workspace: Workspace) -> str:
    user = User.objects.create_user(f"{secrets.token_hex(6)}@northwind.example", "a long road to drive")
    Member.objects.create(user=user, workspace=workspace, role=Member.Role.OWNER)
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def _key(
    workspace: Workspace, name: str, quiet: int, limit: int | None, spent: int, period: Period | None
) -> None:
    key, _ = keys.mint(workspace, name=name, default_tag="prod" if limit == 300 else "")
    used = clock.now() - timedelta(days=quiet, seconds=17)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=used, created_at=used - timedelta(days=1))
    if limit is not None and period is not None:
        rows.settle(workspace.pk, api_key_id=key.pk, cost=spent * NANO // 100)
        budgets.put(workspace.pk, key.pk, limit=limit * NANO // 100, period=period, actor="test")


def _model(sandbox: str, name: str, included: bool, price_in: int, price_out: int, failing: int) -> str:
    public_id = cast.model(
        (sandbox, "words"),
        name=name,
        tier="lite" if included else "max",
        supported_parameters=["tools", "reasoning"],
        rates={"input": price_in, "cached": price_in // 10, "output": price_out},
    )
    row = Model.objects.get(public_id=public_id)
    provider = Hop.objects.get(chain__model=row).endpoint.provider_id
    for back in range(30):
        _hour(provider, row.pk, back=back, failed=failing if back in (2, 3) else 0)
    return public_id


def _hour(provider: int, model: int, *, back: int, failed: int) -> None:
    minute = clock.minute_number() - back * clock.MINUTES_PER_DAY
    rows.run(
        "INSERT INTO billing_health (span, begins, provider_id, model_id, calls, timeouts, rate_limited, refused_keys,"
        " errors, checks, checks_failed, checks_refused, first_byte, speed)"
        " VALUES (60, %s, %s, %s, 1000, 0, 0, 0, %s, 0, 0, 0, %s, '{}')",
        minute - minute % 60,
        provider,
        model,
        failed * 10,
        [0] * 18 + [900, 90],
    )
