"""Whether a request would be let in: what admission would say now, without anything taken."""

import pytest
from django.db import connection

from billing import foresight
from tests.billing import rows
from tests.billing.test_admission import ask

pytestmark = pytest.mark.usefixtures("committed")


def test_it_says_what_admission_would_and_takes_nothing() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 1_000)
    before = rows.account(workspace)
    connection.close()  # as it is at the beginning of a request
    assert foresight.refusal(ask(workspace_id=workspace, hold=1_000)) is None
    refused = foresight.refusal(ask(workspace_id=workspace, hold=1_001))
    assert refused is not None
    assert (refused.code, refused.required, refused.available) == ("INSUFFICIENT_CREDITS", 1_001, 1_000)
    assert rows.account(workspace) == before


def test_a_workspace_that_is_not_there_is_told_by_its_number() -> None:
    with pytest.raises(LookupError, match="workspace -1 has no account"):
        foresight.refusal(ask(workspace_id=-1))
