"""What operators said of things on the desk."""

from datetime import timedelta

import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError

from accounts.models import User
from billing.waiting import marks
from kernel import clock

pytestmark = pytest.mark.django_db


def test_a_thing_is_not_put_off_for_ever() -> None:
    with pytest.raises(ValueError, match="31 days"):
        marks.put_off("x", title="x", until=clock.now() + timedelta(days=32), by="me")


@pytest.mark.parametrize(
    "statement", ["UPDATE billing_desk_mark SET by = 'x'", "DELETE FROM billing_desk_mark"]
)
def test_what_was_said_stays_as_it_was_said(statement: str) -> None:
    marks.give("x", title="x", person_id=None, by="me")
    with (
        pytest.raises((IntegrityError, InternalError), match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("until", "taken"),
    [
        (timedelta(), False),
        (-timedelta(seconds=1), False),
        (timedelta(seconds=1), True),
        (timedelta(days=31), True),
        (timedelta(days=31, seconds=1), False),
    ],
)
def test_a_thing_is_put_off_into_the_next_31_days(
    until: timedelta, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    if taken:
        assert marks.put_off("x", title="x", until=now + until, by="me").until == now + until
    else:
        with pytest.raises(ValueError, match="31 days"):
            marks.put_off("x", title="x", until=now + until, by="me")


def test_the_newest_saying_of_each_kind_holds_for_each_thing() -> None:
    lena = User.objects.create_user("lena@example.com", "long-enough-4", name="Lena")
    nameless = User.objects.create_user("no@example.com", "long-enough-4", name="")
    later = clock.now() + timedelta(days=1)
    for person in (nameless.pk, lena.pk):
        marks.give("both", title="x", person_id=person, by="me")
    for until in (later + timedelta(days=1), later):
        marks.put_off("both", title="x", until=until, by="me")
    marks.put_off("off", title="x", until=later, by="me")
    marks.give("hers", title="x", person_id=nameless.pk, by="me")
    marks.give("nobody's", title="x", person_id=lena.pk, by="me")
    marks.give("nobody's", title="x", person_id=None, by="me")
    marks.put_off("back", title="x", until=later, by="me")
    marks.put_off("back", title="x", until=None, by="me")
    marks.give("not asked", title="x", person_id=lena.pk, by="me")
    assert marks.marked(["both", "off", "hers", "nobody's", "back", "never"]) == {
        "both": marks.Marked(later, lena.pk, "Lena"),
        "off": marks.Marked(later, None, ""),
        "hers": marks.Marked(None, nameless.pk, "no@example.com"),
    }
    assert marks.marked([]) == {}
