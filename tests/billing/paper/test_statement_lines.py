"""The lines of a statement as CSV: its month, its counts, and what was charged late without any."""

import csv
from io import StringIO

import pytest

from billing.paper import papers, statement, statement_lines
from tests.billing.paper.issuing import DOLLAR, charge, issuer, top_up, workspace
from tests.billing.paper.test_statement import OVER, seal, use

pytestmark = pytest.mark.django_db


def test_lines_bear_the_month_and_what_was_charged_late_has_an_amount_alone() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.before.first, DOLLAR)
    charge(mine)
    seal(mine)
    before = statement.compose(mine, OVER.before)
    assert before is not None
    papers.write(before)
    use(mine, OVER.before.last, 70_000_000)
    use(mine, OVER.first, 3 * DOLLAR, input_tokens=9, status="failed")
    charge(mine)
    draft = statement.compose(mine, OVER)
    assert draft is not None
    first, late = csv.DictReader(StringIO(statement_lines.csv(papers.write(draft))))
    assert {first["month"], late["month"]} == {str(OVER)}
    counted = ("requests", "failed", "input_tokens", "output_tokens", "usd_exact", "usd_cents")
    assert [first[name] for name in counted] == ["1", "1", "9", "0", "3.000000000", "3.00"]
    assert [late[name] for name in counted] == ["0", "0", "0", "0", "0.070000000", "0.07"]
    assert late["model"] == "charged late, of days before"


def test_only_a_statement_has_lines() -> None:
    issuer()
    with pytest.raises(ValueError, match="is no statement"):
        statement_lines.csv(papers.issue_receipt(top_up(workspace())))
