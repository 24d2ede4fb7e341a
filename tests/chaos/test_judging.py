"""The comparison of witnesses finds each way in which they can differ, and nothing where they agree."""

from dataclasses import replace

import pytest

from .judging import NOTE_SECONDS, Judge, judge_markers
from .witnesses import Call, Case, Client, Event, cases

# One character is one token here, and each piece is a word.
JUDGE = Judge(count=len)
CALL = Call(request_id="r", marker="m1", model="m", status=200, prompt_tokens=9, tokens=40, ended="done")
EVENT = Event("r", 0, "ok", "upstream", 500, 9, 40, 20.0)
HEARD = Client(
    marker="m1",
    model="m",
    stream=True,
    prompt="m1 toll",
    began=0.0,
    ended_at=10.0,
    request_id="r",
    status=200,
    ended="complete",
    told=(9, 40),
    cost=500,
)
# Thirty characters, ten each second, the last one heard at the end.
BROKEN = replace(
    HEARD,
    ended="broken",
    told=None,
    cost=None,
    text="x" * 100,
    moments=tuple((second / 10, second) for second in range(1, 101)),
)
CUT = replace(CALL, tokens=25, ended="client_gone")


def case(
    client: Client | None = HEARD, calls: tuple[Call, ...] = (CALL,), events: tuple[Event, ...] = (EVENT,)
) -> Case:
    return Case("r", client, list(calls), list(events))


def sorts(given: Case, judge: Judge = JUDGE) -> set[str]:
    return {finding.sort for finding in judge.findings(given)}


def reaped(tokens: int, source: str = "checkpoint") -> Event:
    return Event("r", 0, "reaped", source, tokens, 9 if tokens else 0, tokens, 20.0)


@pytest.mark.parametrize(
    "given",
    [
        case(),
        case(events=(reaped(15), Event("r", 1, "ok", "upstream", 485, 0, 25, 30.0))),
        case(client=None),
        case(client=replace(HEARD, ended="unreached", request_id="", told=None, cost=None)),
        case(client=replace(HEARD, ended="refused", status=402, told=None, cost=None), calls=(), events=()),
        case(calls=(replace(CALL, status=500, tokens=0), CALL)),
    ],
    ids=["complete", "settled late", "no client", "answered too late", "refused", "second try"],
)
def test_is_content_where_all_agree(given: Case) -> None:
    assert sorts(given) == set()


@pytest.mark.parametrize(
    ("given", "sort"),
    [
        (case(events=()), "lost"),
        (case(client=None, events=()), "lost"),
        (case(client=replace(HEARD, ended="broken"), events=()), "lost"),
        (case(events=(EVENT, EVENT)), "double"),
        (case(events=(EVENT, replace(EVENT, rev=1), replace(EVENT, rev=2))), "double"),
        (case(calls=(CALL, CALL)), "double"),
        (case(events=(replace(EVENT, tokens=41),)), "mismatched"),
        (case(client=None, events=(replace(EVENT, tokens=41),)), "mismatched"),
        (case(client=None, events=(replace(EVENT, prompt_tokens=8),)), "mismatched"),
        (case(events=(replace(EVENT, cost=501),)), "mismatched"),
        (case(client=replace(HEARD, told=(9, 39))), "mismatched"),
        (case(events=(replace(EVENT, status="reaped"),)), "mismatched"),
        (case(calls=()), "mismatched"),
        (case(client=replace(HEARD, ended="refused", status=503, told=None, cost=None)), "mismatched"),
        (case(client=None, events=(replace(EVENT, source="none"),)), "mismatched"),
        (case(client=None, events=(replace(EVENT, status="failed", source="counted"),)), "mismatched"),
    ],
)
def test_finds_what_differs(given: Case, sort: str) -> None:
    assert sort in sorts(given)


def test_charges_a_dead_process_its_last_note_and_no_less() -> None:
    noted = int(100 - 10 * NOTE_SECONDS)
    for tokens, right in [(noted, True), (100, True), (noted - 20, False), (250, False)]:
        assert (sorts(case(BROKEN, (CUT,), (reaped(tokens),))) == set()) is right


def test_does_not_let_a_stream_of_seconds_be_free() -> None:
    assert sorts(case(BROKEN, (CUT,), (reaped(0, "none"),))) == {"mismatched"}
    brief = replace(BROKEN, ended_at=1.0, text="x" * 10, moments=BROKEN.moments[:10])
    assert sorts(case(brief, (CUT,), (reaped(0, "none"),))) == set()


def test_knows_that_no_note_is_written_while_the_database_is_away() -> None:
    given = case(BROKEN, (CUT,), (reaped(40),))
    assert sorts(given) == {"mismatched"}
    assert sorts(given, Judge(outages=[(6.0, 9.0)], count=len)) == set()
    assert sorts(given, Judge(outages=[(1.0, 2.0)], count=len)) == {"mismatched"}


def test_tells_how_old_the_last_note_was() -> None:
    age = JUDGE.note_age(case(BROKEN, (CUT,), (reaped(78),)))
    assert age == pytest.approx(2.0, abs=0.11)
    assert JUDGE.note_age(case()) is None


@pytest.mark.parametrize("status", ["client_gone", "upstream_cut", "killed", "drained"])
def test_charges_a_cut_answer_what_was_delivered(status: str) -> None:
    left = replace(BROKEN, ended="hung_up")
    for tokens, right in [(100, True), (110, True), (80, False), (250, False)]:
        event = Event("r", 0, status, "counted", tokens, 9, tokens, 20.0)
        assert (sorts(case(left, (CUT,), (event,))) == set()) is right
    assert sorts(case(left, (CUT,), (Event("r", 0, status, "none", 0, 0, 0, 20.0),))) == {"mismatched"}


def test_finds_one_request_walked_twice_and_two_that_were_swapped() -> None:
    again = replace(CALL, request_id="s")
    twice = cases([HEARD], [CALL, again], [EVENT, replace(EVENT, request_id="s")])
    assert [finding.sort for finding in judge_markers(twice)] == ["double"]
    swapped = case(calls=(replace(CALL, marker="m2"),))
    assert [finding.sort for finding in judge_markers([swapped])] == ["mismatched"]
    assert judge_markers([case()]) == []


def test_finds_the_request_of_a_client_that_heard_no_id_by_its_marker() -> None:
    unheard = replace(HEARD, request_id="", ended="unreached", told=None, cost=None)
    (found,) = cases([unheard], [CALL], [EVENT])
    assert (found.client, found.calls, found.events) == (unheard, [CALL], [EVENT])
    nowhere = cases([replace(unheard, marker="m9")], [CALL], [EVENT])
    assert len(nowhere) == 2
