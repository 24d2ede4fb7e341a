"""Names that go to providers in the place of a workspace's own."""

import re

from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from inference.pseudonyms import NAMES, stand_in, written

LONGEST_AT_PROVIDERS = 64


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.integers(1, 2**63 - 1))
def test_a_stand_in_tells_the_workspace_and_nothing_else(name: str, workspace_id: int) -> None:
    told = stand_in(name, workspace_id)
    assert re.fullmatch(rf"w{workspace_id}-[0-9a-f]{{32}}", told)
    assert len(told) <= LONGEST_AT_PROVIDERS
    assert told == stand_in(name, workspace_id)


def test_names_are_told_apart_by_workspace_and_by_name() -> None:
    # The number and the name must not run into each other either.
    told = {
        stand_in(name, workspace) for name, workspace in (("a", 1), ("b", 1), ("a", 2), ("1:a", 1), ("a", 11))
    }
    assert len({each.partition("-")[2] for each in told}) == 5


def test_nobody_without_the_pepper_can_work_one_out(settings: LazySettings) -> None:
    before = stand_in("ann@example.com", 7)
    settings.KEY_PEPPER = b"another pepper of at least thirty-two bytes"
    assert stand_in("ann@example.com", 7) != before


def test_every_name_of_a_body_is_replaced_and_nothing_else() -> None:
    body = {"model": "m", "messages": [{"role": "user", "name": "Ann"}], **dict.fromkeys(NAMES, "ann")}
    told = stand_in("ann", 7)
    assert written(body, 7) == body | dict.fromkeys(NAMES, told)
    assert body["user"] == "ann"


def test_what_names_nobody_stays() -> None:
    bare = {"model": "m"}
    assert written(bare, 7) is bare
    for value in ("", None, 7, ["ann"], {"id": "ann"}):
        assert written({"user": value}, 7) == {"user": value}
