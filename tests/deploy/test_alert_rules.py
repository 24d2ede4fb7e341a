"""The rules for Prometheus: they ask for metrics that there are, and say what is wrong and where to read what to do."""

import re
from typing import Any

import pytest
import yaml

from config.metrics import families
from kernel.modes import MODES
from tests.deploy.expressions import grouped, selectors, wrong
from tests.house.test_links import anchors
from tests.house.test_rules import ROOT

DOCUMENT = "docs/operations.md"
GROUPS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
EACH = pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])


def test_each_has_a_name_of_its_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names) > 15


@EACH
def test_it_asks_for_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    assert wrong(rule["expr"]) == []


@EACH
def test_it_says_how_grave_it_is_and_what_is_wrong(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")


@EACH
def test_its_words_use_labels_that_are_left(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    left = grouped(rule["expr"])
    if not left and not re.match(r"(?:max|sum|absent|histogram_quantile)\(", rule["expr"]):
        left = {label for each in selectors(rule["expr"]) for label in families()[each.family][2]} | {
            "instance"
        }
    assert used <= left


@EACH
def test_it_leads_to_what_to_do(rule: dict[str, Any]) -> None:
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert file == DOCUMENT
    assert anchor in anchors(ROOT / DOCUMENT)


def test_every_section_that_says_what_to_do_is_led_to() -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / DOCUMENT).read_text(), re.MULTILINE)
    named = {heading.lower().replace(" ", "-") for heading in headings}
    assert named <= {rule["annotations"]["runbook"].partition("#")[2] for rule in RULES}


def test_modes_that_are_named_are_modes() -> None:
    for rule in RULES:
        for each in selectors(rule["expr"]):
            if "mode" in each.matchers:
                assert set(each.matchers["mode"].split("|")) <= MODES.keys()


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("sum(rate(tollway_request_total[5m])) > 0", "there is no"),
        ("sum(rate(tollway_overhead_seconds_total[5m])) > 0", "there is no"),
        ('max(tollway_degraded{modus="redis"}) > 0', "has no label modus"),
        ("max by (workspace) (tollway_degraded) > 0", "nothing has a label workspace"),
        ("sum(tollway_holds > 0", "do not close"),
        ("ratte(tollway_holds) > 0", "ratte is unknown"),
        ("1 > 0", "asks for no metric"),
    ],
)
def test_what_cannot_be_is_found(expression: str, why: str) -> None:
    assert any(why in problem for problem in wrong(expression))
