"""What operators said of things on the desk."""

from datetime import timedelta

import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError

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
