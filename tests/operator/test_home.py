"""The operator's home: what it shows, to whom, and what it costs the database."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User, Workspace
from billing import rollup
from billing.models import AuditRun, Move, RefusalCount, StripeEvent
from billing.moves import desk
from catalog.models import Hop
from kernel import clock, degraded, ids, modes, money
from tests.billing import rows
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

MOST_QUERIES = 25


def charged(number: int = 1) -> Workspace:
    workspace = Workspace.objects.get(slug="northwind-labs")
    hop = Hop.objects.filter(chain__status="live").select_related("chain", "endpoint")[0]
    for _ in range(number):
        rows.settle(
            workspace.pk,
            cost=12_345,
            provider_cost=11_900,
            model_id=hop.chain.model_id,
            provider_id=hop.endpoint.provider_id,
        )
    rollup.close(workspace.pk)
    rollup.post(workspace.pk)
    return workspace


def audited(**columns: object) -> None:
    rules = [
        {"name": f"R{number}", "says": "", "compared": 1, "broken": 0, "seconds": 0.1, "findings": []}
        for number in range(14)
    ]
    now = clock.now()
    AuditRun.objects.create(
        **{"kind": "window", "actor": "t", "started_at": now, "ended_at": now, "rules": rules, **columns}
    )


def busy() -> None:
    workspace = charged(5)
    other = Workspace.objects.create(name="Other", slug="other", plan_version=workspace.plan_version)
    audited(
        broken=1,
        rules=[
            {
                "name": "I1", "says": "", "compared": 1, "broken": 1, "seconds": 0.1,
                "findings": [{"workspace_id": other.pk, "day": "2026-11-20", "subject": "s", "expected": 1, "found": 2}],
            }
        ],
    )  # fmt: skip
    for number in range(3):
        rows.admit(workspace.pk, hold=5)
        rows.settle(other.pk, cost=3 * money.NANO_PER_USD, status="reaped")
        RefusalCount.objects.create(
            workspace_id=other.pk, minute_no=clock.minute_number() - number, api_key_id=1, model="m",
            code="DAILY_REQUEST_LIMIT_EXCEEDED", refusals=900,
        )  # fmt: skip
        desk.ask(
            workspace_id=other.pk, kind=Move.Kind.GRANT, amount=500 * money.NANO_PER_USD, reason="x", by="lena", token=uuid4()
        )  # fmt: skip


def test_an_empty_house_has_a_home_that_says_what_will_come(operator: Client) -> None:
    shown = text(operator, "index")
    for words in ("Waiting for the first request", "Nobody was refused", "No revenue yet", "Open desk"):
        assert words in shown
    assert "Site administration" not in shown


@pytest.mark.parametrize("query", ["", "?range=7d", "?range=30d", "?range=nonsense"])
def test_it_shows_what_was_charged_against_the_time_before(operator: Client, query: str) -> None:
    charged(3)
    answer = operator.get(reverse("admin:index") + query)
    shown = answer.content.decode()
    assert "Waiting for the first request" not in shown
    assert 'title="$0.000037035"' in shown
    hop = Hop.objects.filter(chain__status="live").select_related("chain__model")[0]
    assert hop.chain.model.public_id in shown
    assert "3.6 % below floor 10 %" in shown.replace("\N{NO-BREAK SPACE}", " ")
    curve = answer.context["curve"]
    assert (curve.now, sum(row.now or 0 for row in curve.rows)) == (3, 3)
    assert curve.words in shown


def test_it_takes_as_many_queries_for_a_busy_house_as_for_an_empty_one(operator: Client) -> None:
    counts = {}
    for house in ("empty", "busy"):
        if house == "busy":
            busy()
        for query in ("", "?range=7d", "?range=30d"):
            with CaptureQueriesContext(connection) as queries:
                operator.get(reverse("admin:index") + query)
            counts[house, query] = len(queries)
    assert len(set(counts.values())) == 1, counts
    # A superuser's rights are not asked for; two queries find those of anybody else.
    assert max(counts.values()) + 2 <= MOST_QUERIES


def test_nothing_on_it_reads_requests_but_by_the_few_rows_of_an_index(operator: Client) -> None:
    busy()
    with CaptureQueriesContext(connection) as queries:
        operator.get(reverse("admin:index"))
    reading = [each["sql"] for each in queries if "billing_usage_event" in each["sql"]]
    assert (
        len(reading) == 1
    )  # the strip: what is not posted yet, by its workspace, and what was reaped, by its index
    for bound in ("e.charge_no > a.charged_no ORDER BY", "status = 'reaped' AND id >="):
        assert bound in reading[0]


def cells(client: Client) -> dict[str, tuple[str, str, str]]:
    found = client.get(reverse("admin:index")).context["cells"]
    return {cell.name: (cell.says, cell.below, cell.state) for cell in found}


def test_the_strip_is_quiet_when_all_is_well(operator: Client) -> None:
    audited()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_part VALUES ('sweep', 'sweep', 'h', 1, clock_timestamp(), '{}'),"
            " ('web 1', 'web', 'h', 2, clock_timestamp(), '{}')"
        )
    found = cells(operator)
    assert len(found) == 8
    assert [name for name, (_, _, state) in found.items() if state] == []
    assert found["Audit"][0] == "14 of 14 hold"
    assert found["Degraded"] == ("none", "nothing is away", "")
    assert found["Queue"][0].endswith(" waiting")


def test_the_strip_says_what_is_not_well(operator: Client) -> None:
    busy()
    old = clock.now() - timedelta(minutes=20)
    rows.admit(Workspace.objects.get(slug="other").pk, hold=5, admitted_at=old)
    for outcome in ("refused", "noted"):
        StripeEvent.objects.create(
            event_id=f"evt_{outcome}", type="x", livemode=True, payload_sha256=b"x" * 32, outcome=outcome,
            created_at=clock.now(), received_at=clock.now(),
        )  # fmt: skip
    degraded.note(modes.REDIS, held=True)
    found = cells(operator)
    assert found["Audit"][0::2] == ("0 of 1 hold", "failed")
    assert found["Open holds"] == ("4", "oldest 20 min", "warned")
    assert found["Degraded"][0::2] == ("redis", "failed")
    assert found["Webhooks failed"] == ("1", "of 2 today", "warned")
    assert found["Reaped"][0] == "3 today"
    assert "What the audits found" in text(operator, "index")


@override_settings(REDIS_URL="redis://127.0.0.1:9")
def test_without_redis_it_says_that_the_queue_is_unknown(operator: Client) -> None:
    assert cells(operator)["Queue"][0::2] == ("unknown", "warned")
    assert "whether a breaker is open is not known" in text(operator, "index")


def test_panels_are_left_out_for_whom_they_are_not_meant(client: Client) -> None:
    charged()
    person = User.objects.create_user("few@example.com", "long-enough-4", is_staff=True)
    client.force_login(person)

    def shown() -> set[str]:
        page = text(client, "index")
        titles = (
            "Integrity",
            "Errors",
            "Revenue",
            "Requests per hour",
            "Refused, by reason",
            "Margin, by model",
            "Upstreams</h2>",
            "Desk",
        )
        return {title for title in titles if title in page}  # fmt: skip

    assert shown() == {"Desk"}
    person.user_permissions.set(
        Permission.objects.filter(codename__in=["view_usageevent", "view_refusal", "view_dailyusage"])
    )
    assert shown() == {"Desk", "Integrity", "Errors", "Requests per hour", "Refused, by reason"}
    person.user_permissions.add(*Permission.objects.filter(codename__in=["view_revenue", "view_provider"]))
    assert "Margin, by model" not in shown()  # which needs the prices too
    person.user_permissions.add(Permission.objects.get(codename="view_priceversion"))
    assert shown() >= {"Revenue", "Margin, by model", "Upstreams</h2>"}


def test_the_first_things_that_wait_are_on_it(operator: Client) -> None:
    for number in range(8):
        desk.ask(
            workspace_id=Workspace.objects.get(slug="northwind-labs").pk, kind=Move.Kind.GRANT,
            amount=(200 + number) * money.NANO_PER_USD, reason="x", by="lena", token=ids.request_id(),
        )  # fmt: skip
    answer = operator.get(reverse("admin:index"))
    assert len(answer.context["desk"]) == 6
    assert "8 waiting" in answer.content.decode()


def test_the_six_commonest_reasons_of_refusals_are_measured_by_the_first(operator: Client) -> None:
    RefusalCount.objects.all().delete()
    for number in range(1, 9):
        RefusalCount.objects.create(
            workspace_id=1, minute_no=clock.minute_number(), api_key_id=1, model="m", code=f"CODE_{number}",
            refusals=50 * number,
        )  # fmt: skip
    shown = operator.get(reverse("admin:index")).context
    told = [(reason.code, width) for reason, width in shown["reasons"]]
    assert told == [(f"CODE_{number}", round(12.5 * number)) for number in range(8, 2, -1)]
    assert shown["reasons_more"] == 2
