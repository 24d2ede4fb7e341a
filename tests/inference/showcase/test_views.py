"""The pages of models and prices: the price that would be charged, who may call what, filters, CSV, the public list."""

import csv
import io
import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Member, Workspace
from billing import uptime
from catalog import at_hand, pricing
from catalog.models import Hop, Model, Multiplier, PriceVersion, Rate
from catalog.pricing import Counts
from kernel import clock, money
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.test_views import Plain, read
from tests.fakes import cast

pytestmark = pytest.mark.django_db

NOWHERE = "http://127.0.0.1:9"
MAKER = "toll-road-makers"  # of no other test's models, which may stand in the same list
RATES = {"input": 280_000, "cached": 28_000, "output": 420_000}


def place(**terms: object) -> Workspace:
    return Workspace.objects.select_related("plan_version__plan").get(pk=rows.workspace(**terms))


def client_of(workspace: Workspace, role: str = Member.Role.OWNER) -> Client:
    client = Client()
    client.force_login(person(workspace, role=role))
    return client


def sold(name: str = "DeepSeek V3.2", *, rates: dict[str, int] | None = None, **facts: Any) -> str:
    return cast.model((NOWHERE, "m"), rates=rates or RATES, name=name, **{"author": MAKER, **facts})


def multiply(scope: str, target: str, ppm: int) -> None:
    since = clock.now() - timedelta(minutes=1)
    Multiplier.objects.create(scope=scope, target=target, factor_ppm=ppm, valid_from=since, reason="test")


def heard(provider_model: tuple[int, int], *, calls: int, errors: int, days_ago: int = 0) -> None:
    minute = clock.minute_number() - days_ago * clock.MINUTES_PER_DAY
    rows.run(
        "INSERT INTO billing_health (span, begins, provider_id, model_id, calls, timeouts, rate_limited, refused_keys,"
        " errors, checks, checks_failed, checks_refused, first_byte, speed)"
        " VALUES (60, %s, %s, %s, %s, 0, 0, 0, %s, 0, 0, 0, '{}', '{}')",
        minute - minute % 60,
        *provider_model,
        calls,
        errors,
    )


def served_at(name: str) -> tuple[int, int]:
    row = Model.objects.get(public_id=name)
    return Hop.objects.get(chain__model=row).endpoint.provider_id, row.pk


def named(page: str) -> list[str]:
    return re.findall(r'class="name" href="[^"]+">([^<]+)<', page)


def test_your_price_is_what_the_charge_comes_to() -> None:
    workspace, name = place(tiers=["premium"]), sold(tier="premium")
    multiply("model", name, 1_100_000)
    multiply("plan", workspace.plan_version.plan.slug, 900_000)
    text = read(client_of(workspace).get(f"/dashboard/models?q={MAKER}"))
    assert "$0.2772 list price $0.28" in text
    assert "$0.02772 list price $0.028" in text
    assert "$0.4158 list price $0.42" in text
    catalogue = at_hand.current().catalogue
    offer = catalogue.find(name)
    assert offer is not None
    price = catalogue.price(offer, catalogue.terms(workspace.plan_version_id), workspace_id=workspace.pk)
    charged = pricing.cost(price.card, Counts(input=1_000_000, output=2_000_000), price.factors)
    assert charged == money.from_usd("0.2772") + 2 * money.from_usd("0.4158")


def test_the_chain_of_factors_is_told_where_all_models_share_it() -> None:
    workspace = place(tiers=["free"])
    sold()
    multiply("plan", workspace.plan_version.plan.slug, 900_000)
    client = client_of(workspace)
    text = read(client.get(f"/dashboard/models?q={MAKER}"))
    assert "Your multiplier 0.90 =" in text
    assert f"plan {workspace.plan_version.plan.slug} 0.90" in text
    other = sold("Other")
    multiply("model", other, 2_000_000)
    assert "Multipliers differ by model" in read(client.get(f"/dashboard/models?q={MAKER}"))


def test_a_model_outside_the_plan_keeps_its_price_and_names_the_plan_that_has_it() -> None:
    workspace = place(tiers=["free"])
    place(tiers=["free", "max"])
    name = sold("GLM 5.1 Precision", tier="max")
    page = client_of(workspace).get(f"/dashboard/models?q={MAKER}")
    catalogue = at_hand.current().catalogue
    offer = catalogue.find(name)
    assert offer is not None
    lowest = catalogue.lowest_plan(offer)
    assert lowest is not None
    assert f"From {lowest.name}" in read(page)
    assert "$0.2800 list price $0.28" in read(page)
    assert 'class="outside"' in page.content.decode()
    assert named(client_of(workspace).get(f"/dashboard/models?mine=1&q={MAKER}").content.decode()) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["Aa", "Bb", "Cc"]),
        ("+bb", ["Bb"]),
        ("&category=&context=&max_price=&sort=", ["Aa", "Bb", "Cc"]),
        ("&category=tools", ["Bb"]),
        ("&context=128000", ["Cc"]),
        ("&max_price=0.5", ["Aa", "Bb"]),
        ("&sort=pricing-high-to-low", ["Cc", "Bb", "Aa"]),
    ],
)
def test_filters_and_order_are_in_the_address(asked: str, found: list[str]) -> None:
    workspace = place(tiers=["free"])
    sold("Aa", public_id=f"{MAKER}/a", context_length=10_000)
    sold(
        "Bb",
        public_id=f"{MAKER}/b",
        context_length=10_000,
        supported_parameters=["tools"],
        rates={"input": 300_000, "output": 900_000},
    )
    sold("Cc", public_id=f"{MAKER}/c", context_length=131_072, rates={"input": 900_000, "output": 900_000})
    assert named(client_of(workspace).get(f"/dashboard/models?q={MAKER}{asked}").content.decode()) == found


def test_an_address_that_says_nothing_sensible_is_told_and_filters_nothing() -> None:
    workspace = place()
    sold("Aa")
    page = client_of(workspace).get("/dashboard/models?sort=odd")
    assert "sort must be one of" in read(page)
    assert "Aa" in named(page.content.decode())


def test_uptime_is_the_share_of_calls_that_were_answered_and_marks_bad_days() -> None:
    workspace, name = place(), sold()
    at = served_at(name)
    heard(at, calls=9_990, errors=0)
    heard(at, calls=10, errors=10, days_ago=3)
    heard(at, calls=5_000, errors=5_000, days_ago=31)
    uptime.record.forget()
    page = client_of(workspace).get(f"/dashboard/models?q={MAKER}").content.decode()
    assert "99.90\u00a0% of calls answered in 30 days, 1 day in trouble" in page
    assert (page.count('class="operational"'), page.count('class="down"')) == (1, 1)


def test_a_model_that_ends_says_when() -> None:
    workspace, name = place(), sold()
    Model.objects.filter(public_id=name).update(expires_on=clock.utc_day(clock.now()) + timedelta(days=40))
    assert "Ends " in read(client_of(workspace).get("/dashboard/models"))


def test_the_csv_has_every_price_of_the_models_that_are_shown() -> None:
    workspace, name = place(tiers=["free"]), sold("=cmd")
    sold("Other", author="others")
    multiply("plan", workspace.plan_version.plan.slug, 900_000)
    answer = client_of(workspace).get(f"/dashboard/models.csv?q={MAKER}")
    assert answer["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(line["price"], line["your_price_usd"], line["list_price_usd"]) for line in lines] == [
        ("input_per_million", "0.252", "0.28"),
        ("cached_input_per_million", "0.0252", "0.028"),
        ("output_per_million", "0.378", "0.42"),
    ]
    assert {line["model"] for line in lines} == {name}
    assert lines[0]["name"] == "'=cmd"


def test_the_page_of_a_model_has_every_price_its_chain_and_its_history() -> None:
    workspace, name = place(tiers=["free"]), sold()
    row = Model.objects.get(public_id=name)
    with transaction.atomic():
        coming = PriceVersion.objects.create(
            model=row, valid_from=clock.now() + timedelta(days=5), source="test"
        )
        for token_class, rate in (("input", 500_000), ("output", 600_000)):
            Rate.objects.create(price_version=coming, token_class=token_class, micro_usd_per_million=rate)
        Rate.objects.create(
            price_version=coming,
            token_class="input",
            min_prompt_tokens=200_000,
            micro_usd_per_million=900_000,
        )
    multiply("workspace", str(workspace.pk), 500_000)
    text = read(client_of(workspace).get(f"/dashboard/models/{name}"))
    assert "Input $0.1400 $0.28 per million tokens" in text
    assert "List price × 0.50 =" in text
    assert "workspace 0.50" in text
    assert "the list price is another: input $0.5, output $0.6." in text
    assert "First price, version" in text
    assert "1 · test" in text


def test_steps_for_long_prompts_are_told_with_both_prices() -> None:
    workspace, name = place(tiers=["free"]), sold()
    row = Model.objects.get(public_id=name)
    with transaction.atomic():
        later = PriceVersion.objects.create(model=row, valid_from=clock.now(), source="test")
        for minimum, rate in ((0, 1_000_000), (200_000, 2_000_000)):
            Rate.objects.create(
                price_version=later,
                token_class="input",
                min_prompt_tokens=minimum,
                micro_usd_per_million=rate,
            )
        Rate.objects.create(price_version=later, token_class="output", micro_usd_per_million=3_000_000)
    multiply("plan", workspace.plan_version.plan.slug, 900_000)
    text = read(client_of(workspace).get(f"/dashboard/models/{name}"))
    assert "For prompts of more than 200,000 tokens" in text
    assert "Input $1.8000 $2.00 per million tokens" in text


def test_there_is_no_page_of_a_model_that_is_not_sold() -> None:
    client = client_of(place())
    assert client.get("/dashboard/models/route/none").status_code == 404
    assert Client().get("/catalog/models/route/none").status_code == 404


def test_anybody_sees_list_prices_and_nobodys_own() -> None:
    name = sold()
    multiply("model", name, 2_000_000)
    for path in (f"/catalog/models?q={MAKER}", f"/catalog/models/{name}"):
        answer = Client().get(path)
        text = read(answer)
        assert "$0.28" in text
        assert "0.56" not in text
        assert (set(answer["Cache-Control"].split(", ")), answer["Vary"]) == (
            {"public", "max-age=60"},
            "Cookie",
        )
        assert "no-store" in client_of(place()).get(path)["Cache-Control"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [("text/html,*/*;q=0.8", 302), ("application/json", 404), ("*/*", 404), ("", 404)],
)
def test_a_browser_is_led_from_the_address_of_the_api(accept: str, status: int) -> None:
    answer = Client().get("/models", headers={"Accept": accept} if accept else {})
    assert answer.status_code == status
    assert "Accept" in answer["Vary"]
    if status == 302:
        assert answer["Location"] == "/catalog/models"


def test_the_list_takes_the_same_few_queries_however_long_it_is() -> None:
    workspace = place(tiers=["free"])
    client = client_of(workspace)
    sold()
    client.get("/dashboard/models")
    with CaptureQueriesContext(connection) as few:
        client.get("/dashboard/models")
    for number in range(12):
        sold(f"Model {number}")
    client.get("/dashboard/models")  # reads the catalogue anew
    with CaptureQueriesContext(connection) as many:
        client.get("/dashboard/models")
    assert len(many) == len(few) <= 11


def test_the_pages_are_for_members_and_need_nothing_that_a_strict_policy_refuses() -> None:
    workspace, name = place(tiers=["free"]), sold()
    client = client_of(workspace, Member.Role.VIEWER)
    for path in (
        "/dashboard/models",
        f"/dashboard/models/{name}",
        "/catalog/models",
        f"/catalog/models/{name}",
    ):
        page = Plain()
        page.feed(client.get(path).content.decode())
        assert page.refused == []
        if path.startswith("/dashboard"):
            assert Client().get(path)["Location"].startswith("/accounts/login/")


def test_figures_agree_with_exact_arithmetic() -> None:
    workspace = place(tiers=["free"])
    sold(rates={"input": 333_333, "output": 7})
    multiply("plan", workspace.plan_version.plan.slug, 333_333)
    text = read(client_of(workspace).get("/dashboard/models"))
    assert Fraction(333_333, 10**6) * Fraction(333_333, 10**6) == Fraction("0.111110888889")
    assert "$0.111110888889 list price $0.333333" in text
