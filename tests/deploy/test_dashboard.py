"""The dashboard for Grafana: panels that lie side by side, ask for metrics that there are, and say what they show."""

import itertools
import json
import re
from typing import Any

import pytest

from config.metrics import families
from tests.deploy.expressions import selectors, wrong
from tests.house.test_rules import ROOT

BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/tollway.json").read_text())
PANELS: list[dict[str, Any]] = BOARD["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
EACH = pytest.mark.parametrize("panel", SHOWN, ids=[panel["title"] for panel in SHOWN])
COLUMNS = 24


def expressions(panel: dict[str, Any]) -> list[str]:
    """Return what a panel asks for, with Grafana's own variables filled in."""
    told = [target["expr"] for target in panel["targets"]]
    return [each.replace("$__rate_interval", "1m").replace("$instance", ".*") for each in told]


def test_rows_are_those_that_are_looked_for() -> None:
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]
    assert rows == ["Traffic", "Money", "Upstreams", "Admission", "Background", "Saturation"]


def test_it_is_of_a_form_that_grafana_10_reads_and_brings_no_data_source_of_its_own() -> None:
    assert BOARD["schemaVersion"] >= 38
    assert "id" not in BOARD
    assert [each["name"] for each in BOARD["templating"]["list"]] == ["datasource", "instance"]
    used = {json.dumps(target["datasource"]) for panel in SHOWN for target in panel["targets"]}
    assert used == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}
    assert {panel["type"] for panel in PANELS} == {"row", "stat", "timeseries", "state-timeline"}


def test_each_panel_has_a_number_and_a_title_of_its_own() -> None:
    for name in ("id", "title"):
        found = [panel[name] for panel in SHOWN]
        assert len(set(found)) == len(found), name


def test_panels_cover_no_other_and_leave_no_gap_in_a_line() -> None:
    cells: dict[tuple[int, int], str] = {}
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        across, down = (range(place[at], place[at] + place[size]) for at, size in (("x", "w"), ("y", "h")))
        for cell in itertools.product(across, down):
            assert cells.setdefault(cell, panel["title"]) == panel["title"], panel["title"]
    height = max(y for _, y in cells) + 1
    assert len(cells) == COLUMNS * height


@EACH
def test_it_asks_for_metrics_and_labels_that_there_are(panel: dict[str, Any]) -> None:
    assert expressions(panel)
    assert {each: problems for each in expressions(panel) if (problems := wrong(each))} == {}


@EACH
def test_it_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


@EACH
def test_counters_are_shown_as_rates(panel: dict[str, Any]) -> None:
    for expression in expressions(panel):
        for each in selectors(expression):
            if families()[each.family][0] == "counter":
                assert re.search(rf"(?:rate|increase)\({each.family}\b", expression), expression


def test_every_metric_is_on_it() -> None:
    shown = {
        each.family for panel in SHOWN for expression in expressions(panel) for each in selectors(expression)
    }
    # Told in one place: how long the single runs of tasks took and when they ended is in the admin.
    assert families().keys() - shown <= {"tollway_task_age_seconds", "tollway_task_seconds"}
