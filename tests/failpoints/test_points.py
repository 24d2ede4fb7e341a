"""The names of failpoints: each a literal, each once."""

import pytest

from . import points


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ('failpoint(f"a.{name}")', "has no literal name"),
        ('failpoint("a.place")\nfailpoint("a.place")', r"a\.place is at"),
    ],
)
def test_one_that_cannot_be_enumerated_is_refused(
    code: str, complaint: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "billing").mkdir()
    (root / "billing" / "module.py").write_text(code)
    monkeypatch.setattr(points, "ROOT", root)
    with pytest.raises(ValueError, match=complaint):
        points.named()


def test_the_money_is_full_of_them() -> None:
    named = points.named()
    assert {"admit.taken", "settle.written", "rollup.committed", "event.committed"} <= named.keys()
    assert len(named) > 60
