"""The public page of the service's state: what it says when all is well, when models fail, and what was announced."""

from datetime import timedelta

import pytest
from django.test import Client

from billing.models import Announcement
from kernel import clock, degraded
from kernel.modes import MODES
from tests.billing import rows
from tests.inference.showcase.test_views import heard, served_at, sold

pytestmark = pytest.mark.django_db


def lately(name: str, *, calls: int, errors: int) -> None:
    """Have a model's place heard of in this hour, and in this very minute."""
    heard(served_at(name), calls=calls, errors=errors)
    rows.run(
        "INSERT INTO billing_health (span, begins, provider_id, model_id, calls, timeouts, rate_limited, refused_keys,"
        " errors, checks, checks_failed, checks_refused, first_byte, speed)"
        " VALUES (1, %s, %s, %s, %s, 0, 0, 0, %s, 0, 0, 0, '{}', '{}')",
        clock.minute_number(),
        *served_at(name),
        calls,
        errors,
    )


def page() -> str:
    answer = Client().get("/status")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def state_of(text: str, title: str) -> str:
    row = text.partition(f">{title}</a>")[2].partition("</tr>")[0]
    return row.partition('data-state="')[2].partition('"')[0]


def test_says_that_a_model_answers_and_how_thirty_days_went() -> None:
    name = sold("Answering")
    lately(name, calls=400, errors=1)
    text = page()
    assert state_of(text, "Answering") == "operational"
    assert "99.75" in text.partition(">Answering</a>")[2].partition("</tr>")[0]
    assert "None was announced." in text


def test_a_model_that_fails_is_the_headline() -> None:
    name = sold("Failing")
    lately(name, calls=50, errors=50)
    text = page()
    assert 'data-state="down">1 model does not answer<' in text
    assert state_of(text, "Failing") == "down"


def test_a_model_that_nobody_called_is_not_said_to_be_well() -> None:
    sold("Quiet")
    text = page()
    assert state_of(text, "Quiet") == ""
    assert "Quiet</a>" in text.partition("nobody called in 30 days")[2]


def test_models_in_trouble_stand_first() -> None:
    for title, errors in (("Alpha", 0), ("Beta", 50)):
        lately(sold(title), calls=50, errors=errors)
    text = page()
    assert text.index(">Beta</a>") < text.index(">Alpha</a>")


def test_what_tollway_itself_does_without_is_told() -> None:
    sold("Well")
    mode = next(iter(MODES.values()))
    degraded.note(mode, held=True)
    assert mode.callers in page()


def test_what_was_announced_is_told_and_news_are_not() -> None:
    now = clock.now()
    for title, severity in (("Answers come late", "incident"), ("A new model", "news")):
        Announcement.objects.create(
            title=title,
            severity=severity,
            public=True,
            published_at=now,
            published_by="Somebody",
            begins_at=now - timedelta(minutes=5),
        )
    text = page()
    assert "Answers come late" in text
    assert "Going on" in text
    assert "A new model" not in text.partition("<main")[2]


def test_anybody_may_keep_it_for_a_minute() -> None:
    assert Client().get("/status")["Cache-Control"] == "public, max-age=60"
