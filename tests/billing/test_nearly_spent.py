"""Which keys have nearly spent their limit: counted to the nano, with what is held, in the window of now."""

import pytest
from django.db import connection

from billing import budgets
from billing.models import KeyBudget

from . import rows

pytestmark = pytest.mark.django_db

DAY = 20_000
MINUTE = DAY * 1440 + 77


@pytest.mark.parametrize(
    ("used", "near"),
    [
        ({"spent": 800}, True),
        ({"spent": 799}, False),
        ({"spent": 500, "held": 300}, True),
        ({"spent": 500, "held": 299}, False),
        ({"spent": 2_000}, True),
        ({"spent": 900, "held": 799, "window_day": DAY - 1}, False),
        ({"spent": 0, "held": 800, "window_day": DAY - 1}, True),
        ({"spent": 800, "window_day": DAY + 1}, True),
        ({}, False),
    ],
)
def test_a_limit_is_nearly_spent_from_its_percent_on(used: dict[str, int], near: bool) -> None:
    workspace = rows.workspace()
    budgets.put(workspace, 77, limit=1_000, period=KeyBudget.Period.DAY, actor="x")
    KeyBudget.objects.filter(workspace_id=workspace).update(**{"window_day": DAY, **used})
    with connection.cursor() as cursor:
        cursor.execute(budgets.NEARLY_SPENT, [MINUTE, 80])
        assert (77 in {key for (key,) in cursor.fetchall()}) is near
