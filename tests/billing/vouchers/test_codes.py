"""Codes of vouchers: nobody mixes up their letters, and a slip is told from a code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.vouchers import codes

BODIES = st.integers(0, len(codes.ALPHABET) ** 11 - 1).map(
    lambda number: "".join(
        codes.ALPHABET[number // len(codes.ALPHABET) ** place % len(codes.ALPHABET)] for place in range(11)
    )
)
CODES = BODIES.map(lambda body: codes._written(body + codes._check(body)))


def test_codes_have_no_letters_that_look_alike() -> None:
    assert not set("0O1IL2U") & set(codes.ALPHABET)
    assert len(set(codes.ALPHABET)) == 29


def test_codes_are_minted_in_the_shape_that_is_read() -> None:
    minted = {codes.mint() for _ in range(500)}
    assert len(minted) == 500
    assert all(codes.tidy(code) == code for code in minted)
    assert codes.tidy(codes.EXAMPLE) == codes.EXAMPLE


@given(CODES)
def test_codes_are_read_however_they_are_typed(code: str) -> None:
    bare = code.replace("-", "")
    for typed in (code.lower(), bare, bare[2:], f"  {code.replace('-', ' ')}\n", code[3:]):
        assert codes.tidy(typed) == code


@given(CODES, st.integers(0, 11), st.sampled_from(codes.ALPHABET))
def test_codes_with_one_wrong_letter_are_slips(code: str, place: int, letter: str) -> None:
    body = list(code.replace("-", "")[2:])
    changed = [*body[:place], letter, *body[place + 1 :]]
    assert (codes.tidy("".join(changed)) is None) == (changed != body)


@given(CODES, st.integers(0, 10))
def test_codes_with_two_letters_in_each_others_place_are_slips(code: str, place: int) -> None:
    body = list(code.replace("-", "")[2:])
    changed = [*body[:place], body[place + 1], body[place], *body[place + 2 :]]
    assert (codes.tidy("".join(changed)) is None) == (changed != body)


@pytest.mark.parametrize(
    "typed", ["", "TW", "TW-0000-0000-0000", "é" * 12, "9" * 1000, "TW-3333-3333-3333-3333"]
)
def test_codes_are_not_made_of_anything_else(typed: str) -> None:
    assert codes.tidy(typed) is None


def test_codes_have_digests_that_a_key_is_needed_for(settings: object) -> None:
    first = codes.digest(codes.EXAMPLE)
    settings.KEY_PEPPER = b"another"  # type: ignore[attr-defined]
    assert codes.digest(codes.EXAMPLE) != first
    assert codes.EXAMPLE.encode() not in first
