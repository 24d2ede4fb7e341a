"""What the desk tells of one request: everything, to the nano, and to its own workspace only."""

from decimal import Decimal
from typing import Any

import pytest

from billing import rollup
from catalog.models import Multiplier
from kernel import clock, money
from tests.fakes.cast import Customer, customer, model
from tests.fakes.desk import Said, ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")


def served(gateway: Gateway, sandbox: str, who: Customer, **fields: Any) -> tuple[str, str]:
    """Have one chat answered; return its model and the id of the answer."""
    name = model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, **fields)
    assert heard.status == 200, heard.raw
    answer_id = heard.events[0]["id"] if fields.get("stream") else heard.json["id"]
    return name, answer_id


def adds_up(charge: dict[str, Any]) -> Decimal:
    """Add a charge up as its reader would; return its cost."""
    total = sum((Decimal(line["amount"]) for line in charge["lines"]), Decimal(0))
    for line in charge["lines"]:
        assert line["units"] * Decimal(line["rate_per_million"]) / 10**6 == Decimal(line["amount"])
    assert total == Decimal(charge["subtotal"])
    for each in charge["multipliers"]:
        total *= Decimal(each["factor"])
    assert total == Decimal(charge["multiplied"])
    assert total + Decimal(charge["rounding"]) - Decimal(charge["waived"]) == Decimal(charge["cost"])
    return Decimal(charge["cost"])


@pytest.mark.parametrize("stream", [False, True])
def test_tells_a_request_by_the_id_of_its_answer(gateway: Gateway, sandbox: str, stream: bool) -> None:
    who = customer()
    name, answer_id = served(gateway, sandbox, who, stream=stream)
    [event] = who.events()
    told = ask(gateway, who.secret, f"/generation?id={answer_id}").data
    assert (told["id"], told["request_id"]) == (answer_id, str(event["request_id"]))
    assert (told["model"], told["streamed"], told["cancelled"]) == (name, stream, False)
    assert (told["tokens_prompt"], told["tokens_completion"]) == (
        event["input_tokens"],
        event["output_tokens"],
    )
    assert told["total_cost"] == told["usage"] == money.to_usd(event["cost"])
    assert (told["status"], told["finish_reason"], told["usage_source"]) == ("ok", "stop", "upstream")
    assert [each["outcome"] for each in told["attempts"]] == ["ok"]
    assert told["attempts"][0]["provider_name"] == told["provider_name"]
    assert told["latency"] >= told["generation_time"] >= 0


def test_tells_it_by_the_id_of_the_request_too(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    _, answer_id = served(gateway, sandbox, who)
    request_id = str(who.events()[0]["request_id"])
    by_answer = ask(gateway, who.secret, f"/generation?id={answer_id}").data
    by_request = ask(gateway, who.secret, f"/generation?id={request_id}").data
    assert {**by_answer, "id": ""} == {**by_request, "id": ""}


def test_writes_money_with_nine_decimals(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    _, answer_id = served(gateway, sandbox, who)
    cost = money.show(who.events()[0]["cost"])
    said = ask(gateway, who.secret, f"/generation?id={answer_id}")
    assert f'"total_cost":{cost},"usage":{cost},' in said.text


def test_names_the_provider_that_failed_before(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "error-500"), (sandbox, "words"))
    gateway.knows(who.secret, name)
    answer_id = gateway.chat(who.secret, name).json["id"]
    tries = ask(gateway, who.secret, f"/generation?id={answer_id}").data["attempts"]
    assert len(tries) == 2
    assert tries[0]["outcome"] != "ok"
    assert tries[1]["outcome"] == "ok"
    assert tries[0]["provider_name"] != tries[1]["provider_name"]


def explained(gateway: Gateway, who: Customer, **question: Any) -> Said:
    return ask(gateway, who.secret, "/explain/charge", question)


def test_explains_a_charge_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    scopes = {"plan": who.workspace.plan_version.plan.slug, "workspace": str(who.workspace.pk)}
    for number, (scope, target) in enumerate(scopes.items()):
        Multiplier.objects.create(
            scope=scope, target=target, factor_ppm=1_234_567 + number, valid_from=clock.now(), reason="test"
        )
    name, answer_id = served(gateway, sandbox, who)
    [event] = who.events()
    charge = explained(gateway, who, id=answer_id).data
    assert adds_up(charge) == money.to_usd(event["cost"])
    assert [line["class"] for line in charge["lines"]] == ["input", "output"]
    assert [line["tokens"] for line in charge["lines"]] == [event["input_tokens"], event["output_tokens"]]
    assert [line["rate_per_million"] for line in charge["lines"]] == ["2.000000", "8.000000"]
    assert charge["multipliers"] == [
        {"scope": "plan", "target": scopes["plan"], "factor": "1.234567"},
        {"scope": "workspace", "target": scopes["workspace"], "factor": "1.234568"},
    ]
    assert (charge["model"], charge["price"]["source"]) == (name, "test")
    assert charge["rule"]["text"] == "The answer was complete: what it used is charged."
    generation = ask(gateway, who.secret, f"/generation?id={answer_id}").data
    assert generation["charge"].items() <= charge.items()


def test_points_to_the_ledger_entry_once_it_is_posted(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    _, answer_id = served(gateway, sandbox, who)
    [entry] = explained(gateway, who, id=answer_id).data["ledger"]
    number = who.events()[0]["charge_no"]
    assert (entry["charge_number"], entry["state"], entry["entry_number"]) == (number, "open", None)
    rollup.close(who.workspace.pk)
    rollup.post(who.workspace.pk)
    [entry] = explained(gateway, who, id=answer_id).data["ledger"]
    assert (entry["charge_number"], entry["state"]) == (number, "posted")
    assert entry["entry_number"] == 2  # after the top-up
    assert entry["amount"] == money.show(who.events()[0]["cost"])


def test_says_why_a_request_that_failed_cost_nothing(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "error-500"))
    gateway.knows(who.secret, name)
    request_id = gateway.chat(who.secret, name).headers["x-request-id"]
    told = ask(gateway, who.secret, f"/generation?id={request_id}").data
    assert (told["status"], told["http_status"], told["error_code"]) == ("failed", 502, "PROVIDER_ERROR")
    assert told["charge"]["lines"] == []
    assert adds_up(told["charge"]) == 0
    assert told["charge"]["rule"]["text"] == "Nothing was delivered: nothing is charged."


@pytest.mark.parametrize("path", ["/generation", "/explain/charge"])
def test_has_nothing_for_another_workspace(gateway: Gateway, sandbox: str, path: str) -> None:
    who, other = customer(), customer()
    _, answer_id = served(gateway, sandbox, who)
    for text in (answer_id, "chatcmpl-" + "0" * 32, "nonsense"):
        body = {"id": text} if path == "/explain/charge" else None
        said = ask(gateway, other.secret, path if body else f"{path}?id={text}", body)
        assert (said.status, said.headers["x-error-code"]) == (404, "NOT_FOUND"), said.text


def test_wants_an_id(gateway: Gateway) -> None:
    who = customer()
    gateway.knows(who.secret)
    said = ask(gateway, who.secret, "/generation")
    assert (said.status, said.headers["x-error-code"]) == (400, "VALIDATION_ERROR")
    assert "id" in said.text


@pytest.mark.parametrize("path", ["/generation?id=x", "/key", "/credits", "/activity", "/user/requests"])
def test_wants_a_credential(gateway: Gateway, path: str) -> None:
    said = ask(gateway, None, path)
    assert (said.status, said.headers["x-error-code"]) == (401, "AUTHENTICATION_ERROR")


def test_says_what_a_request_would_cost_and_charges_nothing(gateway: Gateway) -> None:
    who, name = customer(), model(("http://127.0.0.1:9", "words"))
    gateway.knows(who.secret, name)
    charge = explained(
        gateway,
        who,
        model=name,
        prompt_tokens=1000,
        cached_tokens=400,
        completion_tokens=50,
        reasoning_tokens=20,
    ).data
    assert [(line["class"], line["tokens"]) for line in charge["lines"]] == [
        ("input", 600),
        ("cached", 400),
        ("output", 30),
        ("reasoning", 20),
    ]
    assert adds_up(charge) == Decimal("0.001820000")
    assert who.events() == []
    assert who.account()["unbilled"] == 0


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({}, "request_id"),
        ({"id": "x", "model": "y"}, "request_id"),
        ({"prompt_tokens": -1}, "prompt_tokens"),
        ({"prompt_tokens": 1, "cached_tokens": 2}, "prompt_tokens"),
    ],
)
def test_names_the_field_of_a_wrong_question(gateway: Gateway, question: dict[str, Any], field: str) -> None:
    who, name = customer(), model(("http://127.0.0.1:9", "words"))
    gateway.knows(who.secret, name)
    said = explained(gateway, who, **({"model": name} if "prompt_tokens" in question else {}), **question)
    assert (said.status, said.headers["x-error-code"]) == (400, "VALIDATION_ERROR"), said.text
    assert field in said.text


def test_does_not_price_an_unknown_model(gateway: Gateway) -> None:
    who = customer()
    gateway.knows(who.secret)
    said = explained(gateway, who, model="route/none")
    assert (said.status, said.headers["x-error-code"]) == (400, "INVALID_MODEL")
