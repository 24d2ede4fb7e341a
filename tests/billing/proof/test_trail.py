"""The rule of the trail: each change is looked at in the workspace it is of, and the newest in none."""

import pytest

from accounts.models import Workspace
from billing.proof.rules import Scope
from billing.proof.trail import TRAIL
from catalog.models import Model
from kernel import deeds
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

pytestmark = pytest.mark.django_db


def tell(about: Workspace | Model, *words: str) -> None:
    for word in words:
        deeds.tell(deeds.Deed("change", about, word, actor="test"))


def trail(statement: str, *values: object) -> None:
    lives.unguarded("accounts_trail", statement, *values)


def found(scope: Scope) -> tuple[int, list[tuple[object, ...]]]:
    return told(TRAIL, scope)["I16"]


def test_what_is_looked_at_is_of_the_scope() -> None:
    [before, _] = found(Scope())
    workspace, other = (Workspace.objects.get(pk=rows.workspace()) for _ in range(2))
    tell(workspace, "one", "two")
    tell(other, "three")
    assert found(Scope()) == (before + 3, [])
    assert found(Scope(workspace.pk)) == (2, [])
    for no, at in (("min", "interval '0'"), ("max", "- interval '1 us'")):
        trail(
            f"UPDATE accounts_trail SET at = (%s::timestamp AT TIME ZONE 'UTC') + {at} WHERE no ="
            f" (SELECT {no}(no) FROM accounts_trail WHERE workspace_id = %s)",
            *(day_before(2), workspace.pk),
        )
    assert found(Scope(workspace.pk, day_before(2)))[0] == 1


def test_a_change_of_no_workspace_is_told_of_none() -> None:
    rows.price()
    tell(Model.objects.latest("id"), "renamed")
    trail("UPDATE accounts_trail SET said = 'nothing' WHERE said = 'renamed'")
    [row] = found(Scope())[1]
    assert row[0] == 0
    assert str(row[2]).startswith("change ")


def test_a_trail_that_is_empty_lacks_its_newest_change() -> None:
    trail("DELETE FROM accounts_trail")
    tell(Workspace.objects.get(pk=rows.workspace()), "one")
    trail("DELETE FROM accounts_trail")
    [(workspace, day, subject, expected, newest)] = found(Scope())[1]
    assert (workspace, day, subject, newest) == (0, None, "newest change", "0: ")
    assert expected != newest
