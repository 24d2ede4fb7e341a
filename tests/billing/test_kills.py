"""Ending the streams of a workspace: its generation moves on by one, and nobody else's does."""

import pytest
from django.db import connection

from billing.kills import GENERATIONS, kill_streams
from tests.billing import rows

pytestmark = pytest.mark.django_db


def generations(*workspaces: int) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(GENERATIONS, [list(workspaces)])
        told = {workspace: (kind, generation) for kind, workspace, generation in cursor.fetchall()}
    assert {kind for kind, _ in told.values()} == {"workspace"}
    return {workspace: generation for workspace, (_, generation) in told.items()}


def test_all_open_streams_of_the_workspace_are_to_end_and_it_is_told_how_many() -> None:
    mine, other = rows.workspace(), rows.workspace()
    for workspace in (mine, mine, mine, other):
        rows.admit(workspace, stream=True)
    assert generations(mine, other) == {mine: 0, other: 0}
    assert kill_streams(mine) == 3
    assert generations(mine) == {mine: 1}
    assert kill_streams(mine) == 3  # they are open until their processes have heard of it
    assert generations(mine, other) == {mine: 2, other: 0}


def test_a_workspace_that_is_not_there_is_told_by_its_number() -> None:
    with pytest.raises(LookupError, match="workspace -1 has no account"):
        kill_streams(-1)
