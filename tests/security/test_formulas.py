"""S25: of known attacks on spreadsheets none is a formula in a file of ours, each comes back as it was, and nobody writes CSV otherwise."""

import csv
from io import StringIO

import pytest

from kernel import spreadsheets
from tests.accounts.rows import PASSWORD
from tests.billing import rows
from tests.house.test_rules import ROOT, modules
from tests.security import corpora
from tests.tenancy.home import home

FORMULAS: list[str] = corpora.written("formulas")
BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
WRITERS = {"platform/kernel/spreadsheets.py"}


@pytest.mark.parametrize("attack", FORMULAS, ids=[f"{number:02}" for number, _ in enumerate(FORMULAS)])
def test_a_known_attack_is_text_and_comes_back(attack: str) -> None:
    written = spreadsheets.rows([[attack, attack]])
    [cells] = csv.reader(StringIO(written, newline=""))
    assert not any(cell.lstrip(" ").startswith(BEGINS) for cell in cells)
    assert [spreadsheets.read_text(cell) for cell in cells] == [attack, attack]


@pytest.mark.django_db
def test_an_export_of_names_that_are_attacks_holds_no_formula() -> None:
    mine = home()
    attacks = [attack for attack in FORMULAS if attack.isprintable() and len(attack) <= 60]
    for attack in attacks:
        rows.settle(mine.number, cost=3, tag=attack, api_key_id=mine.place.key.pk)
    answer = mine.browser.get("/dashboard/activity.csv?by=tag&range=7d")
    assert (answer.status_code, PASSWORD in answer.content.decode()) == (200, False)
    table = list(csv.reader(StringIO(answer.content.decode().removeprefix("\ufeff"), newline="")))
    cells = {cell for row in table for cell in row}
    assert {spreadsheets.read_text(cell) for cell in cells} >= set(attacks)
    named = [cell for cell in cells if cell.lstrip(" ").startswith(BEGINS)]
    assert [cell for cell in named if not cell.removeprefix("-").replace(".", "").isdigit()] == []


def test_one_module_writes_csv() -> None:
    writing = {
        path.relative_to(ROOT).as_posix()
        for path in modules(of_the_product=True)
        if "csv.writer(" in (text := path.read_text()) or "DictWriter(" in text
    }
    assert {name for name in writing if not name.startswith(("bench/", "scripts/"))} == WRITERS
