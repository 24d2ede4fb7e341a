"""S16, S26, S27 and S38: secrets of every kind go through the walks that people and programs take, well and badly, and are found in no sink."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from pytest_django import DjangoDbBlocker

from tests.fakes.gateway import running_gateway
from tests.fakes.letterbox import BACKEND, PLACE
from tests.security.secrets_sent import BROKEN, KEPT, Canaries, needle
from tests.security.walking import Walk, walked

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(180)]

TYPED = {"/dashboard/voucher": ("voucher_code",)}
"""Where a form that is refused shows its sender again what they typed: a code that was used up."""


@dataclass(frozen=True)
class Sinks:
    """What was written down where, in the order of the walk."""

    canaries: dict[str, str]
    walk: Walk
    log: str
    letters: str

    def hits(self, text: str, *but: str) -> list[str]:
        """Return the kinds of secrets that a text holds."""
        forms = {name: needle(secret) for name, secret in self.canaries.items() if name not in but}
        return [name for name, form in forms.items() if form in text or form.encode().hex() in text]


@pytest.fixture(scope="module")
def sinks(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Sinks:
    """Walk once, and gather what was written down meanwhile."""
    place = tmp_path_factory.mktemp("canaries")
    log, letters, broken = place / "log", place / "letters", place / "broken"
    letters.mkdir()
    own = Canaries()
    environment: dict[str, Any] = {
        "STRIPE_SECRET_KEY": own.stripe_key,
        "STRIPE_WEBHOOK_SECRET": own.stripe_webhook_secret,
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "TOLLWAY_METRICS_TOKEN": own.metrics_token,
        "TOLLWAY_SMTP_PASSWORD": own.smtp_password,
        "TOLLWAY_EMAIL_BACKEND": BACKEND,
        PLACE: str(letters),
        BROKEN: str(broken),
    }
    with (
        django_db_blocker.unblock(),
        running_gateway(application="tests.security.breaking:application", log=log, **environment) as gateway,
    ):
        walk = walked(gateway, own, letters=letters, broken=broken)
    written = "\n".join(path.read_text() for path in sorted(letters.iterdir()))
    return Sinks(own.all(), walk, log.read_text(), written)


def test_twenty_secrets_took_walks_that_went_well_and_badly(sinks: Sinks) -> None:
    assert len(sinks.canaries) >= 20
    statuses = [each.status for each in sinks.walk.shown]
    assert statuses.count(200) > 20
    assert statuses.count(500) >= 5, statuses
    assert {400, 401, 403, 404, 502} <= set(statuses)


def test_logs_hold_none(sinks: Sinks) -> None:
    assert "a step broke on purpose" in sinks.log, "failures must be logged, else nothing was looked at"
    assert sinks.hits(sinks.log) == []


def test_logs_are_lines_of_json_which_name_the_requests_that_failed(sinks: Sinks) -> None:
    told = [json.loads(line) for line in sinks.log.splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in told)
    assert "\x1b" not in sinks.log
    named = {line.get("request_id") for line in told if line["level"] == "error"}
    failed = [each for each in sinks.walk.shown if each.status == 500]
    numbers = [found[1] for each in failed if (found := re.search(r"'x-request-id': '([^']+)'", each.text))]
    assert len(numbers) >= 3
    assert [number for number in numbers if number not in named] == []


def test_tables_hold_none_but_where_it_is_meant(sinks: Sinks) -> None:
    found = {
        (name, column)
        for name, column in _in_the_database(sinks.canaries)
        if column not in KEPT.get(name, set())
    }
    assert found == set()


def test_trail_and_history_hold_none(sinks: Sinks) -> None:
    with connection.cursor() as cursor:
        for table in ("accounts_trail", "django_admin_log"):
            cursor.execute(f"SELECT count(*), coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            [(count, rows)] = cursor.fetchall()
            assert count or table == "django_admin_log"
            assert sinks.hits(rows) == [], table
    assert sinks.hits("".join(page.text for page in sinks.walk.trail)) == []


def test_answers_to_others_hold_none(sinks: Sinks) -> None:
    assert len(sinks.walk.others) > 15
    assert {each.path: hits for each in sinks.walk.others if (hits := sinks.hits(each.text))} == {}


def test_metrics_hold_none(sinks: Sinks) -> None:
    assert "tollway" in sinks.walk.metrics.text
    assert sinks.hits(sinks.walk.metrics.text) == []


def test_answers_to_failures_hold_none(sinks: Sinks) -> None:
    failed = [each for each in sinks.walk.shown if each.status >= 400]
    # Who is signed in is sent their own cookie.
    found = {
        each.path: hits
        for each in failed
        if (hits := sinks.hits(each.text, "session_cookie", *TYPED.get(each.path, ())))
    }
    assert found == {}
    assert not [each.path for each in failed if re.search(r"Traceback|File \"/|django\.|Broke", each.text)]


def test_reports_of_exceptions_hold_none(sinks: Sinks) -> None:
    request = RequestFactory().post("/accounts/login/", sinks.canaries)
    request.COOKIES[settings.SESSION_COOKIE_NAME] = sinks.canaries["session_cookie"]
    held = dict(sinks.canaries)
    try:
        raise RuntimeError(f"it broke with {len(held)} of them at hand")
    except RuntimeError:
        kind, error, where = sys.exc_info()
    report = ExceptionReporter(request, kind, error, where, is_email=True)
    for text in (report.get_traceback_text(), report.get_traceback_html()):
        assert "it broke with" in text
        assert sinks.hits(text) == []


def test_letters_hold_only_the_link_that_was_asked_for(sinks: Sinks) -> None:
    assert sinks.canaries["reset_link"] in sinks.letters.replace("=\n", "")
    assert sinks.hits(sinks.letters.replace("=\n", ""), "reset_link", "invitation_link") == []


def test_redis_holds_none(sinks: Sinks) -> None:
    server = redis.Redis.from_url(settings.REDIS_URL)
    kept = [key + b" " + _dumped(server, key) for key in server.scan_iter(count=1000)]
    assert sinks.hits(b"\n".join(kept).decode("latin-1")) == []


def _dumped(server: redis.Redis, key: bytes) -> bytes:
    return bytes(server.dump(key) or b"")


def _in_the_database(canaries: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Tell in which column of which table each secret stands, in clear or in hex."""
    forms = {name: needle(secret) for name, secret in canaries.items()}
    pattern = "|".join(re.escape(form) + "|" + form.encode().hex() for form in forms.values())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert len(tables) > 60
        for table in tables:
            cursor.execute(f'SELECT t.* FROM "{table}" t WHERE t::text ~ %s LIMIT 1000', [pattern])
            for row in cursor.fetchall():
                for column, value in zip([each.name for each in cursor.description], row, strict=True):
                    text = value.hex() if isinstance(value, bytes | memoryview) else str(value)
                    yield from (
                        (name, f"{table}.{column}")
                        for name, form in forms.items()
                        if form in text or form.encode().hex() in text
                    )


def test_a_secret_in_the_wrong_column_is_found(sinks: Sinks) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE security_found (said text, sealed bytea)")
        try:
            cursor.execute(
                "INSERT INTO security_found VALUES (%s, %s)",
                [f"x {sinks.canaries['own_key']}", sinks.canaries["prompt"].encode()],
            )
            found = {
                each for each in _in_the_database(sinks.canaries) if each[1].startswith("security_found")
            }
        finally:
            cursor.execute("DROP TABLE security_found")
    assert found == {("own_key", "security_found.said"), ("prompt", "security_found.sealed")}


def test_a_secret_in_a_log_is_found(sinks: Sinks, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f'{{"event": "{sinks.canaries["key"]}"}}')
    assert sinks.hits((tmp_path / "log").read_text()) == ["key"]
