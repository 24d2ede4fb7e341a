"""What the last audits say, on the public page, as JSON and on the operator's home: as it is, also when it is red."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from billing.models import AuditRun
from billing.proof import trust
from billing.proof.verdict import NIGHTS, State, nights, verdict
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 11, 21, 14, 8, 11, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch) -> None:
    AuditRun.objects.all().delete()
    monkeypatch.setattr(clock, "now", lambda: NOW)


def made(kind: str, minutes: float, *findings: dict[str, Any], ended: bool = True) -> AuditRun:
    """Write down a run that began so many minutes ago and took one second."""
    began = NOW - datetime.timedelta(minutes=minutes)
    rules = [
        {
            "name": "I1",
            "says": "balances are sums",
            "compared": 12,
            "broken": 0,
            "seconds": 0.2,
            "findings": [],
        },
        {
            "name": "I8 days",
            "says": "days are sums",
            "compared": 30,
            "broken": len(findings),
            "seconds": 0.31,
            "findings": list(findings),
        },
    ]
    return AuditRun.objects.create(
        kind=kind,
        actor="test",
        started_at=began,
        ended_at=began + datetime.timedelta(seconds=1) if ended else None,
        compared=42_000,
        broken=len(findings),
        seals=77,
        sealed_days=19,
        rules=rules,
        newest_seals=[{"day": "2026-11-19", "sha256": "ab" * 32}],
    )


def finding(workspace: int) -> dict[str, Any]:
    return {
        "workspace_id": workspace,
        "day": "2026-11-20",
        "subject": "key 1 model 2",
        "expected": "(1,41)",
        "found": "(1,42)",
    }


def text(path: str, client: Client) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_the_first_audit_nothing_is_claimed(client: Client) -> None:
    assert verdict(NOW).state == State.NEVER
    shown = text("/trust", client)
    assert "Not checked yet." in shown
    assert "Every charge adds up" not in shown
    assert "No day is sealed yet" in shown
    assert client.get("/trust.json").json()["everything"] is None


def test_green_says_when_it_looked_and_how_much(client: Client) -> None:
    made("whole", 600)
    made("window", 6)
    shown = text("/trust", client)
    for part in (
        "Every charge adds up.",
        "Checked 5 min ago.",
        "2 of 2",
        "42,000",
        "19",
        "ab" * 32,
        "none has failed",
    ):
        assert part in shown
    assert "max-age=30" in client.get("/trust").headers["Cache-Control"]


@pytest.mark.parametrize(("minutes", "state"), [(15, State.RIGHT), (15.1, State.STALE)])
def test_news_older_than_a_quarter_of_an_hour_is_old(minutes: float, state: State, client: Client) -> None:
    made("whole", 600)
    made("window", minutes)
    assert verdict(NOW).state == state
    assert ("Nobody has checked lately." in text("/trust", client)) == (state == State.STALE)


def test_an_audit_that_did_not_end_is_no_news(client: Client) -> None:
    made("window", 40)
    made("window", 1, ended=False)
    assert verdict(NOW).state == State.STALE


def test_red_says_which_rule_fails_and_since_when_and_names_nobody(client: Client) -> None:
    workspace = Workspace.objects.get(pk=rows.workspace())
    made("whole", 700)
    made("window", 20)
    made("window", 12, finding(workspace.pk))
    made("window", 7, finding(workspace.pk))
    last = verdict(NOW)
    assert (last.state, last.since) == (State.WRONG, NOW - datetime.timedelta(minutes=12))
    shown = text("/trust", client)
    for part in ("One rule fails.", "Since 21 Nov, 13:56 UTC.", "1 of 2", "Fails", "failing now"):
        assert part in shown
    told = client.get("/trust.json").json()
    assert told["state"] == "wrong"
    for hidden in (workspace.slug, workspace.name, "(1,42)", "key 1 model 2", "workspace_id"):
        assert hidden not in shown
        assert hidden not in str(told)


def test_what_the_night_found_stays_red_until_a_whole_audit_is_green() -> None:
    made("whole", 700, finding(1))
    made("window", 3)
    assert verdict(NOW).state == State.WRONG
    made("whole", 2)
    last = verdict(NOW)
    assert (last.state, last.since) == (State.RIGHT, None)
    assert last.last_failure == NOW - datetime.timedelta(minutes=700)


def test_the_strip_of_nights_remembers_a_failure() -> None:
    made("whole", 60 * 24 * 3, finding(1))
    made("whole", 60 * 24 * 3 - 30)
    made("whole", 60 * 12)
    made("window", 60 * 24 * 5, finding(1))
    days = nights(NOW)
    assert len(days) == NIGHTS
    assert days[-1].day == NOW.date()
    assert [(night.state, night.broken) for night in days[-4:]] == [
        (State.WRONG, 1),
        (State.NEVER, 0),
        (State.NEVER, 0),
        (State.RIGHT, 0),
    ]


def test_the_strip_of_nights_begins_ninety_days_ago_at_midnight() -> None:
    midnight = (NOW - datetime.datetime(2026, 8, 24, tzinfo=datetime.UTC)).total_seconds() / 60
    made("whole", midnight)
    made("whole", midnight + 1, finding(1))
    first = nights(NOW)[0]
    assert (first.day, first.state) == (datetime.date(2026, 8, 24), State.RIGHT)


def test_the_json_tells_what_the_page_shows(client: Client) -> None:
    made("whole", 600)
    made("window", 6)
    told = client.get("/trust.json").json()
    assert told["state"] == "right"
    assert told["everything"]["rows_compared"] == 42_000
    assert told["sealed_days"] == 19
    assert told["newest_seals"] == [{"day": "2026-11-19", "sha256": "ab" * 32}]
    assert [night["day"] for night in told["nights"]] == ["2026-11-21"]
    assert set(told["rules"][0]) == {"name", "says", "compared", "broken", "seconds"}
    assert trust.HASHES_SHOWN == 7


@pytest.fixture
def operator(client: Client) -> Client:
    person = User.objects.create_superuser("operator@tollway.example", "long-enough-4")
    client.force_login(person)
    return client


def test_the_operators_home_says_that_nothing_was_audited(operator: Client) -> None:
    shown = text(reverse("admin:index"), operator)
    assert "none yet" in shown
    assert reverse("admin:billing_auditrun_changelist") in shown


def test_the_operators_home_leads_to_what_is_red(operator: Client) -> None:
    workspace = Workspace.objects.get(pk=rows.workspace())
    made("whole", 600)
    red = made("window", 4, *[finding(workspace.pk)] * 7)
    shown = text(reverse("admin:index"), operator)
    for part in (
        "I8 days",
        "1 of 2 hold",
        workspace.name,
        f"workspace={workspace.pk}&amp;day=2026-11-20",
        reverse("admin:accounts_workspace_change", args=[workspace.pk]),
        reverse("admin:billing_auditrun_change", args=[red.pk]),
        "and 2 more",
    ):
        assert part in shown


def test_the_page_of_a_run_shows_rules_and_findings(operator: Client) -> None:
    workspace = Workspace.objects.get(pk=rows.workspace())
    red = made("window", 4, finding(workspace.pk))
    made("window", 2, ended=False)
    listed = text(reverse("admin:billing_auditrun_changelist"), operator)
    for part in ("1 findings", "1.0 s", "not finished"):
        assert part in listed
    shown = text(reverse("admin:billing_auditrun_change", args=[red.pk]), operator)
    for part in ("days are sums", "0.31 s", "(1,42)", workspace.name, "2026-11-20"):
        assert part in shown
    assert '<td class="">days are sums</td><td class="n">30</td>' in shown
