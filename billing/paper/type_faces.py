"""The type that papers are set in: a font of ours in two weights, and what stands in for scripts that it lacks."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from django.conf import settings
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]

__all__ = ["REGULAR", "STRONG", "load", "set_text"]

REGULAR, STRONG = "NotoSans", "NotoSans-SemiBold"
# Readers of PDF bring these themselves: the fonts are too large to ship.
_KANA, _HANGUL, _HAN = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"


@cache
def load() -> frozenset[int]:
    """Make the fonts known, once per process, and return the characters (code points) that ours has."""
    folder = Path(settings.STATICFILES_DIRS[0]) / "vendor" / "noto-sans"
    regular = TTFont(REGULAR, folder / "NotoSans-Regular.ttf")
    pdfmetrics.registerFont(regular)
    pdfmetrics.registerFont(TTFont(STRONG, folder / "NotoSans-SemiBold.ttf"))
    for name in (_KANA, _HANGUL, _HAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(regular.face.charToGlyph)


def set_text(text: str) -> str:
    """Return a text as markup of a paragraph: what our font lacks is set in one that the reader's program brings."""
    parts = (
        (font, "".join(each for _, each in run)) for font, run in groupby(_fonts(text), lambda pair: pair[0])
    )
    return "".join(
        f'<font name="{font}">{escape(part)}</font>' if font else escape(part) for font, part in parts
    )


def _fonts(text: str) -> Iterator[tuple[str, str]]:
    known = load()
    east = _east_asian(text)
    for each in text:
        yield ("" if ord(each) in known or ord(each) < 0x2E80 else east), each


def _east_asian(text: str) -> str:
    """Return the font for a text's East Asian characters: the same ones are drawn otherwise in each country."""
    if any("\u3040" <= each <= "\u30ff" for each in text):
        return _KANA
    return _HANGUL if any("\uac00" <= each <= "\ud7a3" for each in text) else _HAN
