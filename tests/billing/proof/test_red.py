"""What two audits say together, and how the page and the JSON of trust tell it, word for word."""

import datetime
from typing import Any

import pytest
from django.test import Client

from billing.models import AuditRun
from billing.proof import trust
from billing.proof.verdict import State, verdict

from .test_verdict import NOW, _time, finding, made

__all__ = ["_time"]

pytestmark = pytest.mark.django_db


def before(minutes: float) -> datetime.datetime:
    return NOW - datetime.timedelta(minutes=minutes)


@pytest.mark.parametrize(("whole", "window"), [(2, 6), (6, 2)])
def test_the_newest_is_the_one_that_ended_last(whole: int, window: int) -> None:
    kinds = {whole: made("whole", whole), window: made("window", window)}
    assert verdict(NOW).newest == kinds[2]
    assert verdict(NOW).state == State.RIGHT


@pytest.mark.parametrize(
    ("whole", "window", "shown"),
    [
        (0, 0, "whole"),
        (0, 1, "window"),
        (1, 0, "whole"),
        (1, 1, "whole"),
        (None, 0, "window"),
        (0, None, "whole"),
    ],
)
def test_what_is_shown_rule_by_rule_is_red_before_it_is_whole(
    whole: int | None, window: int | None, shown: str
) -> None:
    for kind, red in (("whole", whole), ("window", window)):
        if red is not None:
            made(kind, 5, *[finding(1)] * red)
    fullest = verdict(NOW).fullest
    assert fullest is not None
    assert fullest.kind == shown


def test_findings_of_both_are_told_with_their_rules() -> None:
    made("whole", 60, finding(1))
    made("window", 5, finding(2), finding(3))
    last = verdict(NOW)
    assert [(row["rule"], row["says"], row["workspace_id"]) for row in last.findings] == [
        ("I8 days", "days are sums", number) for number in (2, 3, 1)
    ]
    assert last.since == before(60)
    assert last.last_failure == before(5)


def test_an_audit_that_took_long_is_as_new_as_its_end() -> None:
    whole = made("whole", 60)
    whole.ended_at = before(15)
    whole.save()
    made("window", 20)
    last = verdict(NOW)
    assert (last.newest, last.state) == (whole, State.RIGHT)


def test_red_since_the_first_audit_after_the_last_green_one() -> None:
    for minutes, red in ((40, True), (30, False), (20, True), (10, True)):
        made("window", minutes, *[finding(1)] * red)
    assert verdict(NOW).since == before(20)


def test_the_very_first_audit_may_be_red() -> None:
    run = made("window", 5, finding(1))
    AuditRun.objects.filter(pk=run.pk).update(id=1)
    assert verdict(NOW).since == before(5)


def test_red_since_the_first_audit_of_all() -> None:
    made("window", 30, finding(1))
    made("whole", 20)
    made("window", 10, finding(1))
    assert verdict(NOW).since == before(30)


def _run(run: AuditRun) -> dict[str, Any]:
    return {
        "began": run.started_at.isoformat(),
        "ended": (run.started_at + datetime.timedelta(seconds=1)).isoformat(),
        "since": None,
        "rows_compared": 42_000,
        "findings": run.broken,
    }


def test_the_json_of_a_red_verdict_is_told_in_full(client: Client) -> None:
    whole, red = made("whole", 60 * 26), made("window", 7, finding(1))
    red.since = datetime.date(2026, 11, 19)
    red.save()
    answer = client.get("/trust.json")
    assert "max-age=30" in answer.headers["Cache-Control"]
    assert answer.json() == {
        "state": "wrong",
        "at": NOW.isoformat(),
        "failing_since": before(7).isoformat(),
        "last_failure": before(7).isoformat(),
        "last_days": _run(red) | {"since": "2026-11-19"},
        "everything": _run(whole),
        "rules": [
            {"name": "I1", "says": "balances are sums", "compared": 12, "broken": 0, "seconds": 0.2},
            {"name": "I8 days", "says": "days are sums", "compared": 30, "broken": 1, "seconds": 0.31},
        ],
        "sealed_days": 19,
        "newest_seals": [{"day": "2026-11-19", "sha256": "ab" * 32}],
        "nights": [{"day": "2026-11-20", "state": "right", "findings": 0}],
    }


def test_the_json_before_the_first_audit_is_empty(client: Client) -> None:
    assert client.get("/trust.json").json() == {
        "state": "never",
        "at": NOW.isoformat(),
        **dict.fromkeys(("failing_since", "last_failure", "last_days", "everything")),
        "rules": [],
        "sealed_days": 0,
        "newest_seals": [],
        "nights": [],
    }


def test_the_page_counts_rules_that_hold_and_days_since_a_failure(client: Client) -> None:
    made("window", 60 * 49, finding(1))
    newest = made("window", 6)
    newest.newest_seals = [{"day": f"2026-11-{day}", "sha256": "ab" * 32} for day in range(10, 20)]
    newest.save()
    made("whole", 600)
    shown = client.get("/trust").context
    assert (shown["holding"], shown["failed_ago"], shown["age"]) == (2, 2, "5 min ago")
    assert shown["night_count"] == len(shown["nights"]) == 90
    assert [row["day"] for row in shown["hashes"]] == [f"2026-11-{day}" for day in range(10, 17)]
    made("window", 1, finding(1))
    shown = client.get("/trust").context
    assert (shown["holding"], shown["failed_ago"]) == (1, 0)
    AuditRun.objects.all().delete()
    shown = client.get("/trust").context
    assert (shown["holding"], shown["failed_ago"], shown["age"], shown["hashes"]) == (0, None, "", [])


@pytest.mark.parametrize(
    ("kinds", "first"),
    [((), "Not checked yet."), (("window",), "One rule fails."), (("whole", "window"), "One rule fails.")],
)
def test_a_rule_that_fails_in_both_audits_is_one(kinds: tuple[str, ...], first: str) -> None:
    for kind in kinds:
        made(kind, 5, finding(1))
    assert trust.title(verdict(NOW), NOW).first == first


def test_rules_that_fail_are_counted() -> None:
    run = made("window", 5, finding(1))
    run.rules[0]["findings"] = [finding(2)]
    run.save()
    assert trust.title(verdict(NOW), NOW).first == "2 rules fail."
