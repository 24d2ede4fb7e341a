"""The bench's report from figures that are given."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.speed import charts
from bench.speed.charging import sizes
from bench.speed.figures import Row, Run
from bench.speed.goals import GOALS
from bench.speed.report import told
from bench.speed.rounds import BURST, ONE, PACED, PLAIN, Load


def row(load: Load, target: str, rate: float, **changes: object) -> Row:
    fields: dict[str, object] = {
        "load": load.name,
        "target": target,
        "answers": 1000,
        "rate": rate,
        "cpu_us": 1e6 / rate,
        "took": (1.0, 2.0, 3.0),
        "first": (0.5, 0.75, 1.0),
        **changes,
    }
    return Row(**fields)  # type: ignore[arg-type]


def run(**changes: object) -> Run:
    """Return a run of two rounds in which Tollway does half of the bare relay, and 30 times LiteLLM."""
    rates = {"upstream itself": 40_000.0, "bare relay": 4_000.0, "Tollway": 2_000.0, "LiteLLM": 66.0}
    found = Run(
        rows=[
            row(load, target, rate * factor)
            for factor in (0.9, 1.1)
            for load in (PLAIN, BURST)
            for target, rate in rates.items()
        ]
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def line(report: str, begins: str) -> str:
    [found] = [each for each in report.splitlines() if each.startswith(begins)]
    return found


def test_a_median_is_of_all_rounds_without_a_fault() -> None:
    found = run()
    found.rows.append(row(PLAIN, "Tollway", 1.0, faults={"other text": 2}))
    median = found.median(PLAIN.name, "Tollway")
    assert median is not None
    assert (median.rate, median.answers) == (2_000, 2_000)
    assert not found.clean


def test_ratios_stand_against_their_goals() -> None:
    report = told(run(), "head")
    assert line(report, "| P1 |").endswith("| ≥ 25 × | 30.3 × | met |")
    assert line(report, "| P3 |").endswith("| ≥ 0.5 × | 0.5 × | met |")
    assert line(report, "| P7 | CPU for a plain").endswith("| ≤ 450 µs | 505 µs | **missed** |")


def test_what_was_not_measured_says_so() -> None:
    report = told(run(), "head")
    assert line(report, "| P2 |").endswith("| ≥ 3 × | – | not measured |")
    assert line(report, "| P11 |").endswith("| – | not measured |")


def test_wrong_answers_findings_and_what_was_left_out_are_told() -> None:
    found = run(left_out={"Portkey": "no node"}, findings=["metering, plain: 3 events, due 4"])
    found.rows += [row(PLAIN, "LiteLLM", 9.0, faults={"status 500": 2, "hung up": 1}) for _ in range(2)]
    report = told(found, "head")
    assert "**Left out: Portkey**, no node." in report
    assert "**Wrong: metering, plain: 3 events, due 4.**" in report
    assert f"**No data: {PLAIN.name}, LiteLLM**: 4 × status 500, 2 × hung up;" in report


def test_a_target_whose_every_round_was_wrong_has_no_row() -> None:
    found = Run(rows=[row(ONE, "Tollway", 9.0, faults={"hung up": 1})])
    assert "| Tollway |" not in told(found, "head")


def test_paced_streams_and_added_time_are_compared() -> None:
    found = Run(
        rows=[
            row(ONE, "upstream itself", 9.0, took=(0.1, 0.2, 0.3)),
            row(ONE, "Tollway", 9.0, took=(1.6, 2.0, 3.0)),
            row(PACED, "bare relay", 9.0, cpu_us=2000.0, first=(10.0, 100.0, 110.0)),
            row(PACED, "Tollway", 9.0, cpu_us=2400.0, first=(20.0, 300.0, 310.0)),
        ]
    )
    report = told(found, "head")
    assert line(report, "| P4 |").endswith("| 1.5 ms | met |")
    assert line(report, "| P6 | paced").endswith("| 1.2 × | met |")
    assert line(report, "| P6 | the same").endswith("| 3 × | **missed** |")


def test_memory_money_and_fairness_are_read_from_their_figures() -> None:
    found = Run(
        values={
            "idle Tollway": 90e6,
            "stream Tollway": 55_000.0,
            "cycles one": 13_000.0,
            "charged one 10000": 400_000.0,
            "charged one 100000": 800_000.0,
            "charged one 1000000": 640_000.0,
            "trickle alone": 4.0,
            "trickle beside": 8.0,
        }
    )
    report = told(found, "head")
    assert line(report, "| P8 | memory for 1,000").endswith("| 55 MB | met |")
    assert line(report, "| P8 | memory of an idle").endswith("| 90 MB | met |")
    assert line(report, "| P10 | events charged").endswith("| 640,000 | met |")
    assert line(report, "| P10 | cost").endswith("| 1.25 × | **missed** |")
    assert line(report, "| P11 |").endswith("| 2 × | **missed** |")
    assert "| charged a second, 1,000,000 events, one workspace | 640,000 |" in report


@pytest.mark.parametrize("name", ["head", "`command`"])
def test_the_head_comes_first_and_pictures_after_the_goals(name: str) -> None:
    report = told(run(), name, ["![x](pictures/x.svg)"])
    assert report.startswith(name)
    assert report.index("| P11 |") < report.index("![x]") < report.index(f"| Tollway | {2_000:,} |")


def test_every_goal_of_speed_is_there() -> None:
    assert {goal.line for goal in GOALS} == {f"P{number}" for number in range(1, 12)}


def test_sizes_are_powers_of_ten() -> None:
    assert sizes(10_000) == [10_000]
    assert sizes(2_000_000) == [10_000, 100_000, 1_000_000]


def test_charts_are_drawn_for_those_that_were_measured(tmp_path: Path) -> None:
    links = charts.draw(run(), tmp_path / "pictures")
    assert len(links) == 4
    for link in links:
        assert (tmp_path / link.partition("](")[2].rstrip(")")).is_file()
    drawn = ElementTree.parse(tmp_path / "pictures" / "speed-plain-rate.svg").getroot()
    wide = [int(each.attrib["width"]) for each in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert wide[0] == max(wide)
    assert wide[1] == pytest.approx(wide[0] / 10, abs=1)


def test_no_chart_is_drawn_of_nothing(tmp_path: Path) -> None:
    assert charts.draw(Run(), tmp_path / "pictures") == []


def test_names_in_a_chart_are_text() -> None:
    assert ElementTree.fromstring(charts.bars("a < b", [("<i>", 1.0)])).findtext(
        "{http://www.w3.org/2000/svg}title"
    )
