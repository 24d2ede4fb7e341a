"""What the operator's list of workspaces says of one, as plain figures: what is left, its line, when it was seen last."""

from datetime import timedelta

import pytest

from accounts.models import Workspace
from billing.admin_workspace_columns import Glance, _ago, complete
from tests.billing import rows

pytestmark = pytest.mark.django_db

USD = 10**9


def test_what_may_be_spent_is_without_what_is_held_and_withheld() -> None:
    workspace = Workspace.objects.get(pk=rows.workspace())
    rows.fund(workspace.pk, 100 * USD)
    rows.settle(workspace.pk, cost=20 * USD)
    rows.admit(workspace.pk, hold=USD)
    rows.run(
        "UPDATE billing_account SET overdraft_limit = 7, withheld = 4 WHERE workspace_id = %s", workspace.pk
    )
    complete([workspace])
    assert workspace.__dict__["glance"].available == 79 * USD + 3


def test_the_line_of_thirty_days_ends_at_the_right_and_reaches_up_to_the_dearest() -> None:
    points = Glance(daily=[0] * 28 + [2, 1]).points.split()
    assert (points[0], points[1], points[-2], points[-1]) == ("0.0,19.0", "3.1,19.0", "86.9,1.0", "90.0,10.0")
    assert Glance(daily=[0] * 29 + [1]).points.endswith(" 90.0,1.0")


@pytest.mark.parametrize(
    ("hours", "says"), [(1, "1 h ago"), (47, "47 h ago"), (49, "2 days ago"), (80, "3 days ago")]
)
def test_a_use_of_days_ago_is_told_in_days(hours: int, says: str) -> None:
    assert _ago(timedelta(hours=hours)) == says
