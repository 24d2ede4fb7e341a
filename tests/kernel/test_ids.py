"""Tests of kernel.ids."""

import time

import pytest

from kernel import ids


def test_request_ids_are_version_7_and_leave_the_last_byte_to_revisions() -> None:
    for _ in range(1000):
        request = ids.request_id()
        assert request.version == 7
        assert request.variant == "specified in RFC 4122"
        assert request.bytes[15] == 0


def test_request_ids_sort_by_the_millisecond_they_were_made_in() -> None:
    early = ids.request_id()
    time.sleep(0.002)
    late = ids.request_id()
    assert early < late
    assert abs((late.int >> 80) - time.time() * 1000) < 5000


def test_request_ids_of_one_millisecond_sort_by_where_in_it_they_were_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = 1_763_917_347_123_000_000
    made = []
    for nanoseconds in (0, 245, 1_000, 500_000, 999_755, 1_000_000):
        monkeypatch.setattr(time, "time_ns", lambda at=moment + nanoseconds: at)
        made.append(ids.request_id())
    assert made == sorted(made)
    assert {number.int >> 80 for number in made[:-1]} == {1_763_917_347_123}
    assert made[-1].int >> 80 == 1_763_917_347_124


def test_request_ids_of_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_763_917_347_123_456_789)
    made = [ids.request_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert len({number.int >> 64 for number in made}) == 1
    assert all(number.version == 7 and number.bytes[15] == 0 for number in made)


def test_request_ids_do_not_repeat() -> None:
    assert len({ids.request_id() for _ in range(20_000)}) == 20_000


def test_a_revision_is_the_request_with_its_number_in_the_last_byte() -> None:
    request = ids.request_id()
    assert ids.revision_id(request, 0) == request
    assert ids.revision_id(request, 255).int == request.int + 255


@pytest.mark.parametrize("revision", [-1, 256])
def test_a_request_has_no_more_revisions_than_fit(revision: int) -> None:
    with pytest.raises(ValueError, match="revisions"):
        ids.revision_id(ids.request_id(), revision)


def test_a_minted_key_is_shaped() -> None:
    assert all(ids.key_is_shaped(ids.mint_key()) for _ in range(100))


def test_a_typo_is_found_without_a_query() -> None:
    key = ids.mint_key()
    for place in range(3, len(key)):
        other = "0" if key[place] != "0" else "1"
        assert not ids.key_is_shaped(key[:place] + other + key[place + 1 :])


@pytest.mark.parametrize("pattern", ["{upper}", "{key}0", "{short}", "{key}\n", " {key}", "{key}\x00"])
def test_only_the_exact_shape_is_taken(pattern: str) -> None:
    key = ids.mint_key()
    assert not ids.key_is_shaped(pattern.format(key=key, upper=key.upper(), short=key[:-1]))


def test_the_digest_depends_on_the_pepper() -> None:
    key = ids.mint_key()
    assert ids.digest_key(key, pepper=b"a") != ids.digest_key(key, pepper=b"b")
    assert len(ids.digest_key(key, pepper=b"a")) == 32


def test_keys_of_one_kind_are_none_of_the_other() -> None:
    inference, management = ids.mint_key(), ids.mint_key("rkm")
    assert ids.key_is_shaped(inference)
    assert ids.key_is_shaped(management, "rkm")
    assert not ids.key_is_shaped(management)
    assert not ids.key_is_shaped(inference, "rkm")
