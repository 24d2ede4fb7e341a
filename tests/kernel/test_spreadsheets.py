"""Spreadsheets: no cell is a formula, every text comes back, numbers stay numbers."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import spreadsheets
from kernel.spreadsheets import Figure

TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=8))
def test_spreadsheets_give_every_text_back(cells: list[list[str]]) -> None:
    read = list(csv.reader(StringIO(spreadsheets.rows(cells), newline="")))
    assert [[spreadsheets.read_text(cell) for cell in row] for row in read] == cells


@given(st.sampled_from("=+-@\t\r＝＋－＠"), TEXTS)
def test_spreadsheets_never_begin_a_cell_as_a_formula(first: str, rest: str) -> None:
    for text in (first + rest, f"  {first}{rest}"):
        [[cell]] = csv.reader(StringIO(spreadsheets.rows([[text]]), newline=""))
        assert cell.startswith("'")


@pytest.mark.parametrize(
    "attack", ['=HYPERLINK("http://a.example","x")', "+1+cmd|' /C calc'!A0", "@SUM(1)", "-2+3"]
)
def test_spreadsheets_disarm_known_attacks(attack: str) -> None:
    assert spreadsheets.rows([[attack]]).startswith("\"'")


def test_spreadsheets_leave_negative_numbers_alone() -> None:
    assert (
        spreadsheets.rows([[Figure("-0.000000005"), "-0.000000005"]]) == '"-0.000000005","\'-0.000000005"\r\n'
    )
