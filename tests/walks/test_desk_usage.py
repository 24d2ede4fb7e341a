"""What the desk tells of usage: today included, to the nano, of the caller's workspace only."""

import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from allauth.account.models import EmailAddress

from accounts import keys
from accounts.models import Workspace
from billing import rollup
from billing.credits import withholding
from kernel import clock, money
from tests.fakes.cast import Customer, customer, model
from tests.fakes.desk import ask
from tests.fakes.gateway import Gateway
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")


def spender(gateway: Gateway, sandbox: str, **terms: Any) -> tuple[Customer, str]:
    """Return a customer with one answered request, and its model."""
    who, name = customer(**terms), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name).status == 200
    return who, name


def post(who: Customer) -> None:
    rollup.close(who.workspace.pk)
    rollup.post(who.workspace.pk)


def test_lists_the_days_of_the_workspace(gateway: Gateway, sandbox: str) -> None:
    who, name = spender(gateway, sandbox)
    [event] = who.events()
    today = clock.day_of_minute(event["minute_no"]).isoformat()
    expected = {
        "date": today,
        "model": name,
        "key": "test",
        "usage": money.to_usd(event["cost"]),
        "requests": 1,
        "prompt_tokens": event["input_tokens"],
        "completion_tokens": event["output_tokens"],
        "reasoning_tokens": 0,
    }
    [row] = ask(gateway, who.secret, "/activity").data
    assert row.pop("provider_name")
    assert row == expected
    post(who)
    [row] = ask(gateway, who.secret, f"/activity?date={today}").data
    assert row.pop("provider_name")
    assert row == expected
    for other in ("0001-01-01", "2020-01-01", "6000-12-31", "7000-01-01", "9999-12-31"):
        assert ask(gateway, who.secret, f"/activity?date={other}").data == []
    assert ask(gateway, customer_known(gateway).secret, "/activity").data == []


def customer_known(gateway: Gateway) -> Customer:
    other = customer()
    gateway.knows(other.secret)
    return other


@pytest.mark.parametrize("query", ["days=0", "days=367", "days=x", "date=yesterday", "date=0"])
def test_refuses_days_that_are_none(gateway: Gateway, query: str) -> None:
    said = ask(gateway, customer_known(gateway).secret, f"/activity?{query}")
    assert (said.status, said.headers["x-error-code"]) == (400, "VALIDATION_ERROR")
    assert query.partition("=")[0] in said.text


@pytest.mark.parametrize("period", ["hourly", "daily", "monthly"])
def test_sums_a_period_by_model(gateway: Gateway, sandbox: str, period: str) -> None:
    who, name = spender(gateway, sandbox)
    [event] = who.events()
    cost = money.to_usd(event["cost"])
    expected = {
        "total_requests": 1,
        "total_input_tokens": event["input_tokens"],
        "total_output_tokens": event["output_tokens"],
        "total_cost": cost,
        "models": {
            name: {
                "requests": 1,
                "input_tokens": event["input_tokens"],
                "output_tokens": event["output_tokens"],
                "cost": cost,
                "image_requests": 0,
                "is_image_model": False,
            }
        },
    }
    assert ask(gateway, who.secret, f"/user/usage?period={period}").json == expected
    post(who)
    assert ask(gateway, who.secret, f"/user/usage?period={period}").json == expected


def in_zones(event: dict[str, Any]) -> list[tuple[str, str]]:
    """Return zones with the date that the event has there."""
    at = clock.start_of_minute(event["minute_no"])
    zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Africa/Abidjan"]
    return [(zone, at.astimezone(ZoneInfo(zone)).date().isoformat()) for zone in zones]


def test_lists_the_days_of_any_time_zone(gateway: Gateway, sandbox: str) -> None:
    who, name = spender(gateway, sandbox)
    [event] = who.events()
    for _ in range(2):
        for zone, date in in_zones(event):
            told = ask(gateway, who.secret, f"/activity?zone={zone}").json
            assert [(row["date"], row["model"]) for row in told["data"]] == [(date, name)]
            assert told["zone"] == zone
            assert ask(gateway, who.secret, f"/activity?zone={zone}&date={date}").json == told
        post(who)
    assert "zone" not in ask(gateway, who.secret, "/activity").json


def test_lists_the_days_of_the_workspaces_own_zone(gateway: Gateway, sandbox: str) -> None:
    who, name = spender(gateway, sandbox)
    Workspace.objects.filter(pk=who.workspace.pk).update(time_zone="Pacific/Kiritimati")
    told = ask(gateway, who.secret, "/activity?zone=workspace").json
    [row] = told["data"]
    assert (told["zone"], row["model"]) == ("Pacific/Kiritimati", name)
    assert (told["zone"], row["date"]) == in_zones(who.events()[0])[0]
    assert ask(gateway, who.secret, "/user/usage?period=monthly&zone=workspace").json["total_requests"] in (
        0,
        1,
    )


def test_says_that_days_of_long_ago_are_of_utc(gateway: Gateway) -> None:
    secret = customer_known(gateway).secret
    assert ask(gateway, secret, "/activity?zone=Asia/Kolkata&days=366").json == {"data": [], "zone": "UTC"}
    assert ask(gateway, secret, "/activity?zone=Asia/Kolkata&date=0001-01-01").json == {
        "data": [],
        "zone": "UTC",
    }


@pytest.mark.parametrize("path", ["/activity", "/user/usage"])
@pytest.mark.parametrize("zone", ["Mars/Base", "../passwd", "+05:30"])
def test_refuses_a_zone_that_is_none(gateway: Gateway, path: str, zone: str) -> None:
    said = ask(gateway, customer_known(gateway).secret, f"{path}?zone={quote(zone)}")
    assert (said.status, said.headers["x-error-code"]) == (400, "VALIDATION_ERROR")
    assert said.text.startswith("zone: ")


def test_tells_one_thing_apart_and_adds_up(gateway: Gateway, sandbox: str) -> None:
    who, name = spender(gateway, sandbox)
    [event] = who.events()
    date = clock.day_of_minute(event["minute_no"]).isoformat()
    for _ in range(2):
        told = ask(gateway, who.secret, "/activity?group_by=model").json
        assert told == {
            "data": [
                {
                    "date": date,
                    "model": name,
                    "others": 0,
                    "usage": money.to_usd(event["cost"]),
                    "requests": 1,
                    "failed": 0,
                    "prompt_tokens": event["input_tokens"],
                    "completion_tokens": event["output_tokens"],
                    "reasoning_tokens": 0,
                }
            ],
            "zone": "UTC",
        }
        assert ask(gateway, who.secret, "/activity?group_by=key&days=2").data[0]["key"] == "test"
        assert ask(gateway, who.secret, "/activity?group_by=tag").data[0]["tag"] == ""
        [row] = ask(gateway, who.secret, "/activity?group_by=provider&zone=Asia/Kolkata").data
        assert row["provider_name"]
        post(who)
    assert ask(gateway, who.secret, "/activity?group_by=month").status == 400


def test_refuses_an_unknown_period(gateway: Gateway) -> None:
    said = ask(gateway, customer_known(gateway).secret, "/user/usage?period=yearly")
    assert (said.status, said.headers["x-error-code"]) == (400, "VALIDATION_ERROR")
    assert "period" in said.text


def test_tells_each_window_of_the_plan(gateway: Gateway, sandbox: str) -> None:
    who, _ = spender(gateway, sandbox, minute_cap=100, hour_cap=500, day_cap=1500)
    told = ask(gateway, who.secret, "/user/requests").json
    # The minute or the hour may have turned since the request.
    minute, hour = told["requests_used_this_minute"], told["requests_used_this_hour"]
    assert minute in (0, 1)
    assert hour in (0, 1)
    assert told == {
        "requests_used_today": 1,
        "requests_limit_today": 1500,
        "requests_remaining": 1499,
        "requests_used_this_hour": hour,
        "requests_limit_this_hour": 500,
        "requests_remaining_this_hour": 500 - hour,
        "requests_used_this_minute": minute,
        "requests_limit_per_minute": 100,
        "requests_remaining_this_minute": 100 - minute,
        "plan_tier": who.workspace.plan_version.plan.name,
    }
    hourly = ask(gateway, who.secret, "/user/requests/hourly").json
    used = hourly["used"]
    assert hourly == {"limit": 500, "used": used, "remaining": 500 - used, "plan_tier": told["plan_tier"]}


def test_says_zero_for_a_window_without_a_cap(gateway: Gateway, sandbox: str) -> None:
    who, _ = spender(gateway, sandbox, minute_cap=None, hour_cap=None, day_cap=None)
    told = ask(gateway, who.secret, "/user/requests").json
    assert told["requests_used_today"] == 1
    zero = [name for name in told if "limit" in name or "remaining" in name]
    assert len(zero) == 6
    assert [told[name] for name in zero] == [0] * 6
    hourly = ask(gateway, who.secret, "/user/requests/hourly").json
    assert (hourly["limit"], hourly["remaining"]) == (0, 0)


def test_tells_the_calling_key_about_itself(gateway: Gateway, sandbox: str) -> None:
    who, name = spender(gateway, sandbox)
    cost = money.to_usd(who.events()[0]["cost"])
    ends = clock.now().replace(microsecond=0) + datetime.timedelta(days=1)
    _, other = keys.mint(who.workspace, name="other", expires_at=ends)
    gateway.knows(other, name)
    mine, its = ask(gateway, who.secret, "/key").data, ask(gateway, other, "/key").data
    assert [mine[f"usage{span}"] for span in ("", "_daily", "_weekly", "_monthly")] == [cost] * 4
    assert its["usage"] == Decimal(0)
    assert (mine["limit"], mine["limit_remaining"], mine["limit_reset"]) == (None, None, None)
    assert mine["label"] == f"{who.key.prefix}…{who.key.last_four}"
    assert who.secret not in mine.values()
    assert (mine["expires_at"], its["expires_at"]) == (None, f"{ends:%Y-%m-%dT%H:%M:%S}.000Z")
    assert mine["plan"] == who.workspace.plan_version.plan.slug
    assert mine["is_free_tier"] is False


def test_writes_credit_with_all_nine_decimals(gateway: Gateway, sandbox: str) -> None:
    who, _ = spender(gateway, sandbox)
    cost = who.events()[0]["cost"]
    expected = (
        f'{{"data":{{"total_credits":100.000000000,"total_usage":{money.show(cost)},'
        f'"balance":{money.show(100 * 10**9 - cost)},"held":0.000000000}}}}'
    )
    assert ask(gateway, who.secret, "/credits").text == expected
    post(who)
    assert ask(gateway, who.secret, "/credits").text == expected


def test_tells_what_running_requests_hold(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "hang"))
    gateway.knows(who.secret, name)
    with gateway.asking(who.secret, name, stream=True):
        gateway.eventually(lambda: who.open_requests() == 1, within=5)
        told = ask(gateway, who.secret, "/credits").data
        assert told["held"] == money.to_usd(who.account()["held"]) > 0
        assert told["balance"] == 100


def test_tells_the_credit_of_the_plan(gateway: Gateway, sandbox: str) -> None:
    who, _ = spender(gateway, sandbox, credits_nano=25 * 10**9)
    cost = who.events()[0]["cost"]
    assert ask(gateway, who.secret, "/user/credits").json == {
        "credits": money.to_usd(100 * 10**9 - cost),
        "credits_monthly": 25,
        "credits_used": money.to_usd(cost),
        "plan_tier": who.workspace.plan_version.plan.name,
        "payg_enabled": True,
    }


def test_tells_whether_usage_goes_on_with_the_balance(gateway: Gateway) -> None:
    who = customer_known(gateway)
    for enabled in (False, True):
        withholding.set_spill(who.workspace.pk, enabled=enabled, actor="test")
        assert ask(gateway, who.secret, "/user/credits").json["payg_enabled"] is enabled


def test_tells_a_person_about_themselves(gateway: Gateway) -> None:
    who = customer_known(gateway)
    one = signed_in(who.workspace)
    assert ask(gateway, one.bearer, "/user").json == {
        "id": str(one.user.pk),
        "email": one.user.email,
        "name": one.user.name,
        "plan_tier": who.workspace.plan_version.plan.name,
        "email_verified": False,
        "credits": 100,
        "is_upgraded": False,
        "upgrade_expires_at": None,
    }
    EmailAddress.objects.create(user=one.user, email=one.user.email, verified=True)
    assert ask(gateway, one.bearer, "/user").json["email_verified"] is True
    assert ask(gateway, one.bearer, "/key").refusal == (403, "AUTHORIZATION_ERROR")
    assert ask(gateway, one.bearer, "/credits").data["balance"] == 100


def test_tells_a_key_nothing_of_its_person(gateway: Gateway) -> None:
    said = ask(gateway, customer_known(gateway).secret, "/user")
    assert (said.status, said.headers["x-error-code"]) == (403, "AUTHORIZATION_ERROR")


def test_is_private(gateway: Gateway) -> None:
    said = ask(gateway, customer_known(gateway).secret, "/credits")
    assert said.headers["cache-control"] == "no-store"
    assert said.headers["x-request-id"]
