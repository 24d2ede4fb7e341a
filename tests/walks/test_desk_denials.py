"""Why a request was refused: kept off its way, told with the limit it met and when that resets."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from billing import budgets
from billing.models import RefusalCount
from kernel import clock, money
from tests.fakes.cast import Customer, customer, model
from tests.fakes.desk import Said, ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")


def denial(gateway: Gateway, who: Customer, **question: Any) -> Said:
    return ask(gateway, who.secret, "/explain/denial", question)


def kept(gateway: Gateway, who: Customer, **question: Any) -> dict[str, Any]:
    """Return what is told of a refusal, once it is written."""
    gateway.eventually(lambda: denial(gateway, who, **question).status == 200, within=3)
    told: dict[str, Any] = denial(gateway, who, **question).data
    return told


@pytest.mark.parametrize(("window", "minutes"), [("hour", 60), ("day", 1440)])
def test_names_the_window_its_use_and_its_reset(
    gateway: Gateway, sandbox: str, window: str, minutes: int
) -> None:
    name = model((sandbox, "words"))
    terms: dict[str, Any] = {f"{window}_cap": 3, "request_weights": [[name, 2]]}
    who = customer(**terms)
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name).status == 200
    refused = gateway.chat(who.secret, name)
    assert refused.status == 429, refused.raw
    ends = clock.start_of_minute((clock.minute_number() // minutes + 1) * minutes)
    request_id = refused.headers["x-request-id"]
    told = kept(gateway, who, request_id=request_id)
    assert (told["request_id"], told["model"], told["key"], told["denied"]) == (
        request_id,
        name,
        "test",
        True,
    )
    limit = told["refusal"].pop("limit")
    seconds = limit.pop("seconds_left")
    assert abs(seconds - (ends - clock.now()).total_seconds()) < 30
    assert limit == {
        "window": window,
        "limit": 3,
        "used": 2,
        "remaining": 1,
        "weight": 2,
        "resets_at": f"{ends:%Y-%m-%dT%H:%M:%S}.000Z",
    }
    assert told["refusal"] == {
        "status": 429,
        "code": refused.headers["x-error-code"],
        "message": refused.body.decode(),
        "retryable": False,
        "credit": None,
        "budget": None,
    }
    assert abs((clock.now() - datetime.fromisoformat(told["refused_at"])).total_seconds()) < 30
    assert who.account()["day_count"] == 2  # neither the refusal nor the questions consumed anything


def test_names_the_credit_that_was_short(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(credit_usd="0.000001"), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    refused = gateway.chat(who.secret, name)
    assert refused.status == 402, refused.raw
    told = kept(gateway, who, id=refused.headers["x-request-id"])["refusal"]
    credit = told["credit"]
    assert (told["code"], told["limit"], credit["held"]) == ("INSUFFICIENT_CREDITS", None, "0.000000000")
    assert credit["available"] == "0.000001000"
    assert Decimal(credit["required"]) - Decimal(credit["available"]) == Decimal(credit["shortfall"]) > 0


def test_names_the_budget_of_the_key_that_was_reached(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    budgets.put(who.workspace.pk, who.key.pk, limit=1_000, period=budgets.Period.NONE, actor="x")
    refused = gateway.chat(who.secret, name)
    assert refused.status == 429, refused.raw
    told = kept(gateway, who, id=refused.headers["x-request-id"])["refusal"]
    budget = told["budget"]
    assert (told["code"], told["limit"], told["credit"]) == ("KEY_BUDGET_EXCEEDED", None, None)
    assert (budget["limit"], budget["used"], budget["remaining"]) == (
        "0.000001000",
        "0.000000000",
        "0.000001000",
    )
    assert Decimal(budget["required"]) > Decimal(budget["remaining"])
    assert budget["resets_at"] is None


def test_without_a_question_tells_the_newest(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    gateway.knows(who.secret)
    assert denial(gateway, who).status == 404
    for name in ("route/nowhere", "route/neither"):
        last = gateway.chat(who.secret, name)
        assert last.status == 400
    told = kept(gateway, who, request_id=last.headers["x-request-id"])
    assert denial(gateway, who).data == told
    assert ask(gateway, who.secret, "/explain/denial", "").status == 400
    assert (told["model"], told["refusal"]["code"]) == ("route/neither", "INVALID_MODEL")
    assert 1 <= told["alike_in_that_minute"] <= 2


def test_counts_every_refusal(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(day_cap=0), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    for _ in range(25):
        assert gateway.chat(who.secret, name).status == 429

    def counted() -> bool:
        rows = RefusalCount.objects.filter(
            workspace_id=who.workspace.pk, model=name, code="DAILY_REQUEST_LIMIT_EXCEEDED"
        )
        return sum(row.refusals for row in rows) == 25

    gateway.eventually(counted, within=3)
    assert who.events() == []


def test_sends_who_was_let_in_to_the_charge(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "error-500"))
    gateway.knows(who.secret, name)
    failed = gateway.chat(who.secret, name)
    assert failed.status == 502
    said = denial(gateway, who, request_id=failed.headers["x-request-id"])
    assert (said.status, "explain/charge" in said.text) == (404, True)
    assert not RefusalCount.objects.filter(workspace_id=who.workspace.pk).exists()


def test_has_nothing_for_another_workspace(gateway: Gateway, sandbox: str) -> None:
    who, other = customer(), customer()
    gateway.knows(who.secret)
    gateway.knows(other.secret)
    request_id = gateway.chat(who.secret, "route/nowhere").headers["x-request-id"]
    kept(gateway, who, request_id=request_id)
    assert denial(gateway, other, request_id=request_id).refusal == (404, "NOT_FOUND")
    assert denial(gateway, other).refusal == (404, "NOT_FOUND")


def test_says_whether_one_would_be_refused_now(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(day_cap=1), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    assert denial(gateway, who, model=name).data == {
        "request_id": None,
        "model": name,
        "denied": False,
        "refusal": None,
    }
    assert gateway.chat(who.secret, name).status == 200
    told = denial(gateway, who, model=name).data
    assert (told["denied"], told["refusal"]["code"]) == (True, "DAILY_REQUEST_LIMIT_EXCEEDED")
    assert (told["refusal"]["limit"]["used"], told["refusal"]["limit"]["limit"]) == (1, 1)
    assert len(who.events()) == 1


@pytest.mark.parametrize("question", [{"request_id": 5}, {"id": 5, "request_id": None}, []])
def test_names_what_is_wrong_with_a_question(gateway: Gateway, question: object) -> None:
    who = customer()
    gateway.knows(who.secret)
    assert ask(gateway, who.secret, "/explain/denial", question).refusal == (400, "VALIDATION_ERROR")


def test_of_money_is_exact(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(credit_usd="0.000000001"), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    credit = denial(gateway, who, model=name, max_tokens=1).data["refusal"]["credit"]
    assert money.from_usd(credit["required"]) == money.from_usd(credit["shortfall"]) + 1
