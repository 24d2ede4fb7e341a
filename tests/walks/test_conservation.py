"""Three hundred mixed requests: what clients saw, events, daily rows, ledger and dashboard are one sum."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client

from accounts.models import Member, User
from billing import statements
from kernel import clock, money
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.sweeping import running_worker

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(240)]
REQUESTS = 300
AT_ONCE = 64
WORDS = ("rate limiter", "ledger", "queue", "cache", "toll road")


def cost_of(usage: Any) -> int:
    """Price what a client was told it used, in nano-USD, from the price list alone."""
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
    reasoning = usage.completion_tokens_details.reasoning_tokens if usage.completion_tokens_details else 0
    pico = (usage.prompt_tokens - cached) * RATES["input"] + cached * RATES["cached"]
    pico += (usage.completion_tokens - reasoning) * RATES["output"] + reasoning * RATES["reasoning"]
    return money.half_up(pico, 1000)


async def call(client: openai.AsyncOpenAI, name: str, number: int) -> int:
    """Make one request, every other one a stream, and return its cost as the client can work it out."""
    messages: Any = [{"role": "user", "content": f"{number}: tell me of a {WORDS[number % len(WORDS)]}."}]
    if number % 2:
        answer = await client.chat.completions.create(
            model=name, messages=messages, max_tokens=20 + number % 50
        )
        told = money.from_usd(str(Decimal(repr(answer.usage.cost)).quantize(Decimal("1e-9"))))  # type: ignore[union-attr]
        assert told == cost_of(answer.usage)
        return told
    stream = await client.chat.completions.create(
        model=name, messages=messages, stream=True, stream_options={"include_usage": True}
    )
    usages = [chunk.usage async for chunk in stream if chunk.usage]
    assert len(usages) == 1
    return cost_of(usages[0])


async def burst(gateway: Gateway, who: Customer, models: list[str]) -> int:
    slots = asyncio.Semaphore(AT_ONCE)
    async with openai.AsyncOpenAI(
        base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=60
    ) as client:

        async def one(number: int) -> int:
            async with slots:
                return await call(client, models[number % len(models)], number)

        return sum(await asyncio.gather(*(one(number) for number in range(REQUESTS))))


def wait_until_charged(who: Customer) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        account = who.account()
        if account["unbilled"] == 0 and account["charged_no"] + 1 == account["charge_no"]:
            return
        time.sleep(0.2)
    pytest.fail(f"not charged in time: {who.account()}")


def one(sql: str, who: Customer) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [who.workspace.pk])
        return int(cursor.fetchone()[0])


def test_every_sum_is_the_same_to_the_nano(gateway: Gateway, sandbox: str, tmp_path: Path) -> None:
    who = customer()
    models = [
        model((sandbox, "plain")),
        model((sandbox, "sandbox/reasoning")),
        model((sandbox, "sandbox/cached")),
    ]
    gateway.knows(who.secret, *models)
    with running_worker(tmp_path / "beat"):
        seen = async_to_sync(burst)(gateway, who, models)
        wait_until_charged(who)
    assert who.open_requests() == 0
    assert seen > 0
    assert (
        one("SELECT sum(cost) FROM billing_usage_event WHERE workspace_id = %s AND status = 'ok'", who)
        == seen
    )
    assert one("SELECT count(*) FROM billing_usage_event WHERE workspace_id = %s", who) == REQUESTS
    assert one("SELECT sum(cost) FROM billing_daily_usage WHERE workspace_id = %s", who) == seen
    assert one("SELECT sum(requests) FROM billing_daily_usage WHERE workspace_id = %s", who) == REQUESTS
    assert one("SELECT sum(cost) FROM billing_usage_bucket WHERE workspace_id = %s", who) == seen
    charged = "SELECT -sum(e.amount) FROM billing_ledger_entry e JOIN billing_ledger_transaction t ON t.id = e.transaction_id"
    assert (
        one(f"{charged} WHERE t.kind = 'usage' AND e.account = 'workspace' AND t.workspace_id = %s", who)
        == seen
    )
    assert (
        one(
            "SELECT count(*) FROM billing_ledger_transaction WHERE workspace_id = %s AND actor <> 'celery' AND kind = 'usage'",
            who,
        )
        == 0
    )
    assert statements.balance(who.workspace.pk).available == money.from_usd("100") - seen
    assert shown_on_dashboard(who) == seen


def shown_on_dashboard(who: Customer) -> int:
    """Return the statement's total, having made sure that the dashboard shows exactly this figure."""
    person = User.objects.create_user(f"{who.workspace.slug}@example.com", "a long pass phrase")
    Member.objects.create(workspace=who.workspace, user=person, role=Member.Role.OWNER)
    today = clock.utc_day(clock.now())
    total = sum(row.cost for row in statements.daily(who.workspace.pk, today, today))
    client = Client()
    client.force_login(person)
    page = client.get("/dashboard/").content.decode()
    assert f'title="${money.show(total)}"' in page
    return total
