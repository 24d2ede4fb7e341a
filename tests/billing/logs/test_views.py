"""Logs: found and explained to the last digit by those whose requests they are, and by nobody else."""

import html
import re
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Member, User
from billing import rollup
from billing.logs.codes import CODES
from billing.models import Attempt
from catalog.models import Multiplier, Provider
from inference.errors import TABLE
from kernel import clock, ids, money
from tests.billing import rows
from tests.billing.logs.listing import ago, refuse, settle
from tests.billing.test_views import Plain, read, signed_in

pytestmark = pytest.mark.django_db
PATH = "/dashboard/logs"


def priced(workspace: int, **columns: object) -> tuple[UUID, int]:
    """Settle a cut request with a price and a factor of 0.99; return it with its charge in nano-USD."""
    model, version = rows.price(input=280_000, cached=28_000, output=420_000, reasoning=420_000)
    factor = Multiplier.objects.create(
        scope="model", target="x", factor_ppm=990_000, valid_from=clock.now(), reason="test"
    )
    counts = {"input_tokens": 6_214, "cached_tokens": 11_776, "output_tokens": 1_204, "reasoning_tokens": 688}
    pico = 6_214 * 280_000 + 11_776 * 28_000 + (1_204 + 688) * 420_000
    cost = money.half_up(pico * 990_000, 10**9)
    request = settle(
        workspace, ago(seconds=17),
        **{
            "model_id": model, "price_version_id": version, "multipliers": f"{factor.pk}:990000", "status": "client_gone",
            "usage_source": "counted", "stream": True, "ttfb_ms": 1_040, "latency_ms": 4_980, "cost": cost,
            "hold": 30_000_000, **counts, **columns,
        },
    )  # fmt: skip
    return request, cost


def test_log_of_a_request_adds_up_from_the_page_alone() -> None:
    workspace = rows.workspace()
    request, cost = priced(workspace)
    response = signed_in(workspace).get(f"{PATH}/{request}")
    receipt = re.search(r'<div class="receipt small">.*?</div>', response.content.decode(), re.DOTALL)
    assert receipt is not None
    titles = [Decimal(each) for each in re.findall(r'title="\$([\d.]+)"', receipt[0])]
    *lines, subtotal, multiplied, charge = titles
    assert sum(lines) == subtotal
    assert subtotal * Decimal("0.99") == multiplied
    assert money.to_usd(cost) == charge
    assert abs(charge - multiplied) <= Decimal("0.0000000005")
    text = read(response)
    assert "Input 6,214 × $0.28 / M $0.001739920" in text
    assert "nano-dollars, rounded once, half up" in text


def test_log_of_a_request_tells_how_it_ended_and_by_which_rule() -> None:
    workspace = rows.workspace()
    request, _ = priced(workspace)
    text = read(signed_in(workspace).get(f"{PATH}/{request}"))
    for part in (
        "Cut by you 200, streamed",
        f"{request}",
        "Output rate 480 / s",
        "Counted by Tollway on what was relayed to you",
        "You left after 1,892 output tokens. What had been produced is charged; nothing after.",
        "Held $0.03 while it ran, released.",
        "posted within a minute",
        "Never stored: neither what you sent nor what you got.",
    ):
        assert part in text


def test_log_of_a_request_leads_to_the_charge_it_is_part_of_and_that_adds_up() -> None:
    workspace = rows.workspace()
    request, cost = priced(workspace)
    settle(workspace, ago(seconds=5), cost=1_000)
    rollup.close(workspace)
    rollup.post(workspace)
    client = signed_in(workspace)
    text = read(client.get(f"{PATH}/{request}"))
    assert f"entry 1 of the ledger, ${money.show(cost + 1_000)} in all" in text
    charge = client.get(f"{PATH}?charge=1")
    assert charge.context["page"].bars.cost == cost + 1_000
    assert len(charge.context["page"].lines) == 2


def test_log_of_a_request_shows_each_attempt_on_one_scale() -> None:
    workspace = rows.workspace()
    first = Provider.objects.create(slug="siliconcore", name="Siliconcore")
    second = Provider.objects.create(slug="deepnode", name="Deepnode")
    request, _ = priced(workspace, provider_id=second.pk)
    Attempt.objects.create(
        id=ids.revision_id(request, 1), request_id=request, workspace_id=workspace, number=1, provider_id=first.pk,
        endpoint_id=1, upstream_model="x", outcome="error", http_status=503, started_at=ago(seconds=17), milliseconds=410,
    )  # fmt: skip
    text = read(signed_in(workspace).get(f"{PATH}/{request}"))
    assert "2 attempts" in text
    assert re.search(r"1 siliconcore 503 2 deepnode", text)
    assert "first token 1.04\u00a0s".replace("\u00a0", " ") in text.replace("\u00a0", " ")


def test_log_of_a_free_answer_says_what_was_not_charged() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=280_000, output=420_000)
    request = settle(workspace, ago(seconds=9), model_id=model, price_version_id=version, input_tokens=1_000)
    text = read(signed_in(workspace).get(f"{PATH}/{request}"))
    assert "Not charged − $0.000280000" in text
    assert "There was not a single output token, so nothing is charged." in text


def test_log_of_a_request_is_copied_as_a_call_without_secrets() -> None:
    workspace = rows.workspace()
    request, _ = priced(workspace, tag="it's; rm -rf /")
    page = signed_in(workspace).get(f"{PATH}/{request}").content.decode()
    command = re.search(r'<pre class="code" id="curl">(.*?)</pre>', page, re.DOTALL)
    assert command is not None
    text = html.unescape(command[1])
    assert "$TOLLWAY_API_KEY" in text
    assert "'X-Tollway-Tag: it'\\''s; rm -rf /'" in text
    assert '"stream": true' in text
    assert "rk_" not in text


@pytest.mark.parametrize(
    ("code", "row", "said", "passes"),
    [
        ("MINUTE_REQUEST_LIMIT_EXCEEDED", {}, "already used 60 of 60 requests in the minute", "The same request from"),
        ("CONCURRENT_STREAM_LIMIT_EXCEEDED", {"used": 7, "cap": 7}, "had 7 of 7 streams open", "streams had ended"),
        (
            "INSUFFICIENT_CREDITS",
            {"required": 310_000_000, "available": 280_000_000},
            "This request may cost up to $0.31. You had $0.28.",
            "$0.03 more credit",
        ),
        (
            "CREDITS_HELD",
            {"required": 310_000_000, "available": 280_000_000, "held": 840_000_000},
            "You had $0.28, after $0.84 that running requests hold.",
            "once running requests had ended",
        ),
        (
            "KEY_BUDGET_EXCEEDED",
            {"required": 310_000_000, "used": 9_900_000_000, "cap": 10_000_000_000},
            "Its key has used $9.90 of its budget of $10.00.",
            "The same request",
        ),
        ("MODEL_NOT_ALLOWED", {"message": "This key may not use x."}, "This key may not use x.", "Use a key and a plan"),
    ],
)  # fmt: skip
def test_log_of_a_refusal_says_what_said_no_and_what_would_have_passed(
    code: str, row: dict[str, object], said: str, passes: str
) -> None:
    workspace = rows.workspace(minute_cap=60)
    resets = (
        clock.start_of_minute(clock.minute_number() + 1) if "LIMIT" in code and "STREAM" not in code else None
    )
    request = refuse(workspace, ago(seconds=9), code, resets_at=resets, **row)
    text = read(signed_in(workspace).get(f"{PATH}/{request}"))
    for part in (
        "Nothing was charged",
        f"{CODES[code].status} {code}",
        said,
        passes,
        "counts against no window",
    ):
        assert part in text
    assert ("Which window said no" in text) == bool(CODES[code].window)


def test_codes_have_the_statuses_of_the_api() -> None:
    assert {code: told.status for code, told in CODES.items()} == {code: TABLE[code].status for code in CODES}


def test_log_of_a_request_that_runs_says_what_is_held() -> None:
    workspace = rows.workspace()
    request = rows.admit(workspace, hold=30_000_000, stream=True, progress_output=5)
    client = signed_in(workspace)
    text = read(client.get(PATH))
    assert "held $0.03" in text
    assert "Held $0.030000000" in read(client.get(f"{PATH}/{request}"))


@pytest.mark.parametrize("query", ["", "?pane=1", "?status=failed"])
def test_log_of_another_workspace_is_like_one_that_is_not(query: str) -> None:
    rival, mine = rows.workspace(), rows.workspace()
    client = signed_in(mine)
    theirs = [
        priced(rival)[0],
        refuse(rival, ago(minutes=1)),
        rows.admit(rival, hold=5),
        ids.request_id(),
    ]
    answers = [client.get(f"{PATH}/{request}{query}") for request in theirs]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1


def test_log_beyond_the_reach_of_the_plan_is_not_shown() -> None:
    workspace = rows.workspace(retention_days=2)
    old, new = settle(workspace, ago(days=3)), settle(workspace, ago(minutes=3))
    client = signed_in(workspace)
    assert [client.get(f"{PATH}/{request}").status_code for request in (old, new)] == [404, 200]
    assert "Requests are shown for 2 UTC days on this plan." in read(client.get(PATH))


def test_logs_never_list_or_count_what_is_anothers() -> None:
    rival, mine = rows.workspace(), rows.workspace()
    settle(rival, ago(minutes=3), cost=5_550_000_000, tag="secret-project")
    refuse(rival, ago(minutes=2))
    rows.admit(rival, hold=7_770_000_000)
    client = signed_in(mine)
    for query in ("", "range=7d", "charge=1", "q=route", f"workspace={rival}"):
        page = client.get(f"{PATH}?{query}")
        assert not re.search(r"5\.55|secret-project|7\.77", page.content.decode())
        assert page.context["page"].bars.made == page.context["page"].bars.refused == 0
    assert client.get(f"{PATH}/new?since=-~-").json() == {"new": 0, "more": False}


def test_logs_find_a_request_by_its_id_or_its_answers_and_keep_the_filters() -> None:
    workspace = rows.workspace()
    request = settle(workspace, ago(minutes=3))
    client = signed_in(workspace)
    for text in (str(request), f"chatcmpl-{request.hex}", f" {request} "):
        answer = client.get(PATH, {"q": text, "status": "ok"})
        assert answer.headers["Location"] == f"{PATH}/{request}?status=ok"


def test_logs_carry_each_condition_as_a_chip_that_leads_to_the_list_without_it() -> None:
    workspace = rows.workspace()
    page = signed_in(workspace).get(f"{PATH}?status=failed&slower=900&range=24h").content.decode()
    chips = re.findall(r'class="chip" href="([^"]*)" aria-label="([^"]*)"', page)
    assert [(html.unescape(address), label.replace("\u00a0", " ")) for address, label in chips] == [
        (f"{PATH}?range=24h&slower=900", "Without Status failed"),
        (f"{PATH}?range=24h&status=failed", "Without Took 900 ms or more"),
    ]


def test_logs_say_how_many_requests_came_since() -> None:
    workspace = rows.workspace()
    settle(workspace, ago(minutes=3))
    client = signed_in(workspace)
    watched = re.search(r'data-news="([^"]*)"', client.get(PATH).content.decode())
    assert watched is not None
    settle(workspace, ago(minutes=1))
    refuse(workspace, ago(seconds=20))
    assert client.get(html.unescape(watched[1])).json() == {"new": 2, "more": False}
    assert client.get(f"{PATH}/new?since=yesterday").status_code == 400
    assert (
        "data-news"
        not in client.get(f"{PATH}?range=span&from=2026-11-20T10:00&to=2026-11-20T11:00").content.decode()
    )


def test_logs_refuse_what_they_do_not_know_and_show_the_list_to_begin_with() -> None:
    answer = signed_in(rows.workspace()).get(f"{PATH}?status=sad")
    assert answer.status_code == 400
    assert "Status: choose of ok, cut, failed, refused, open." in answer.content.decode()


def test_logs_say_that_content_is_never_stored() -> None:
    assert "What you send and what you get is never stored" in read(signed_in(rows.workspace()).get(PATH))


@pytest.mark.parametrize("path", [PATH, f"{PATH}/new", f"{PATH}/01990000-0000-7000-8000-00000000dead"])
def test_logs_send_strangers_away(path: str) -> None:
    assert Client().get(path).status_code == 302


@pytest.mark.parametrize("role", Member.Role.values)
def test_logs_are_for_every_member(role: str) -> None:
    workspace = rows.workspace()
    request, _ = priced(workspace)
    client, person = Client(), User.objects.create_user("v@northwind.example", "a long road to drive")
    Member.objects.create(user=person, workspace_id=workspace, role=role)
    client.force_login(person)
    assert client.get(f"{PATH}/{request}").status_code == client.get(PATH).status_code == 200


def asked_of_usage(client: Client, path: str) -> int:
    """Return how many statements of a page read what grows with use; some others are asked once in a while."""
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    return sum(
        bool(re.search("billing_(usage|refusal|admission|attempt|ledger)|apikey", row["sql"]))
        for row in asked
    )


def test_logs_ask_a_fixed_number_of_questions() -> None:
    workspace = rows.workspace()
    request, _ = priced(workspace)
    client = signed_in(workspace)
    paths = (PATH, f"{PATH}/{request}", f"{PATH}/new?since=-~-")
    few = [asked_of_usage(client, path) for path in paths]
    for minutes in range(30):
        settle(workspace, ago(minutes=minutes))
        refuse(workspace, ago(minutes=minutes))
        rows.admit(workspace)
    assert [asked_of_usage(client, path) for path in paths] == few
    assert few[0] <= 11
    assert few[1] <= 20
    assert few[2] <= 4


def test_logs_need_nothing_that_a_strict_policy_refuses() -> None:
    workspace = rows.workspace()
    request, _ = priced(workspace)
    client = signed_in(workspace)
    for path in (PATH, f"{PATH}/{request}", f"{PATH}/{refuse(workspace, ago(minutes=1))}"):
        page = Plain()
        page.feed(client.get(path).content.decode())
        assert page.refused == []
