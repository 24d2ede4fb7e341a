"""Files taken in: held against real rows, kept for good, decided on with reasons, and written out without formulas."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from billing import sums
from billing.models import LineDecision, UpstreamFile, UpstreamLine
from billing.reconciling import files
from billing.reconciling.reading import Unreadable
from catalog import demo
from catalog.models import Hop
from tests.billing import rows
from tests.billing.proof import lives

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def catalogue() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")


def used() -> tuple[Hop, list[str]]:
    """Serve two requests at an upstream yesterday, one of them corrected, and post them; return the hop and their ids."""
    hop = Hop.objects.filter(chain__model__public_id="route/deepseek-v3.2").latest("position")
    workspace = rows.workspace()
    columns: dict[str, Any] = {
        "model_id": hop.chain.model_id,
        "provider_id": hop.endpoint.provider_id,
        "input_tokens": 100,
        "output_tokens": 10,
    }
    day = lives.day_before(1)
    requests = [
        lives.settle_on(workspace, day, provider_cost=700_000, cost=10**6, api_key_id=key, **columns)
        for key in (2, 1)
    ]
    rows.settle(
        workspace,
        **{
            **columns,
            "input_tokens": -50,
            "output_tokens": 0,
            "request_id": requests[1],
            "rev": 1,
            "cost": -1,
            "provider_cost": -300_000,
        },
        minute_no=sums.first_minute(day) + 700,
    )
    lives.charge(workspace)
    return hop, [str(request) for request in requests]


def taken(hop: Hop, text: str, **given: str) -> UpstreamFile:
    return files.take_in(
        text.encode(),
        provider_id=hop.endpoint.provider_id,
        name="november.csv",
        preset="plain",
        given=given,
        by="ann",
    )


def test_a_file_by_day_and_model_is_held_against_the_sums_by_the_upstreams_own_name() -> None:
    hop, _ = used()
    day = lives.day_before(1)
    file = taken(
        hop,
        f"day,model,requests,input_tokens,output_tokens,cost\n{day},{hop.upstream_model},2,150,20,0.0011\n{day},=cmd(),1,,,2\n",
    )
    assert (file.theirs, file.ours, file.rows) == (2_001_100_000, 1_100_000, 2)
    assert file.states == {"matched": 1, "missing": 1}
    line = UpstreamLine.objects.get(file=file, state="matched")
    assert (line.our_requests, line.our_input, line.our_output, line.ours, line.difference) == (
        2,
        150,
        20,
        1_100_000,
        0,
    )


def test_a_file_by_request_is_held_against_the_requests_with_their_corrections() -> None:
    hop, (first, second) = used()
    day = lives.day_before(1)
    file = taken(
        hop,
        f"day,model,request_id,cost\n{day},x,{first},0.0007\n{day},x,{second},0.0007\n{day},x,{first[:-2]}ff,1\n",
    )
    found = {line.number: (line.state, line.difference) for line in UpstreamLine.objects.filter(file=file)}
    assert found == {2: ("matched", 0), 3: ("price", 300_000), 4: ("missing", 10**9)}


def test_requests_of_another_upstream_are_none_of_this_ones() -> None:
    hop, (first, _) = used()
    file = files.take_in(
        f"day,model,request_id,cost\n{lives.day_before(1)},x,{first},0.0007\n".encode(),
        provider_id=hop.endpoint.provider_id + 1,
        name="n",
        preset="plain",
        given={},
        by="ann",
    )
    assert file.states == {"missing": 1}


def test_the_same_file_is_read_once_and_a_long_one_not_at_all() -> None:
    hop, _ = used()
    text = f"day,model,cost\n{lives.day_before(1)},x,1\n"
    taken(hop, text)
    with pytest.raises(Unreadable, match="read before"):
        taken(hop, text)
    with pytest.raises(Unreadable, match="may span 100 days"):
        taken(hop, text + f"{lives.day_before(1) - timedelta(days=100)},x,1\n")
    assert UpstreamFile.objects.count() == 1


def test_the_last_decision_counts_and_the_earlier_stays() -> None:
    hop, _ = used()
    file = taken(
        hop, f"day,model,cost\n{lives.day_before(1)},a,1\n{lives.day_before(1)},{hop.upstream_model},0.0011\n"
    )
    lines = UpstreamLine.objects.filter(file=file)
    assert files.decide(lines, "accepted", reason="agreed by mail", by="ann") == 1  # what matches needs none
    assert files.decide(lines, "disputed", reason="  not ours  ", by="ben") == 1
    [line] = [each for each in list[Any](files.decided(lines)) if each.verdict is not None]
    assert (line.verdict, line.reason, line.decided_by) == ("disputed", "not ours", "ben")
    assert LineDecision.objects.count() == 2
    for verdict, reason in (("accepted", " "), ("perhaps", "why")):
        with pytest.raises(ValueError):
            files.decide(lines, verdict, reason=reason, by="ann")


@pytest.mark.parametrize("table", ["upstream_file", "upstream_line", "line_decision"])
@pytest.mark.parametrize("statement", ["UPDATE billing_{} SET id = id", "DELETE FROM billing_{}"])
def test_what_was_read_and_decided_stays(table: str, statement: str) -> None:
    hop, _ = used()
    file = taken(hop, f"day,model,cost\n{lives.day_before(1)},a,1\n")
    files.decide(UpstreamLine.objects.filter(file=file), "accepted", reason="so", by="ann")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.run(statement.format(table))


def test_it_is_written_out_with_what_was_decided_and_no_formula() -> None:
    hop, _ = used()
    file = taken(hop, f"day,model,cost\n{lives.day_before(1)},=cmd(),1.5\n")
    files.decide(
        UpstreamLine.objects.filter(file=file, state="missing"), "disputed", reason="@home", by="+ann"
    )
    written = list(csv.DictReader(StringIO("".join(files.exported(file)))))
    assert [row["state"] for row in written] == ["missing", "extra"]
    assert (written[0]["model"], written[0]["reason"], written[0]["by"]) == ("'=cmd()", "'@home", "'+ann")
    assert (written[0]["their_usd"], written[1]["difference_usd"]) == ("1.500000000", "-0.001100000")
