"""What stands on every page of a PDF, whatever the paper says: the issuer's mark, and which page it is."""

from typing import Any

from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import Flowable, Paragraph  # type: ignore[import-untyped]

from .face import Face
from .type_faces import REGULAR, STRONG, set_text

__all__ = ["ACCENT", "DIM", "HAIR", "LINE", "MARGIN", "TEXT", "WIDTH", "Mark", "numbered"]

TEXT, DIM, LINE, ACCENT = HexColor("#161A18"), HexColor("#646C67"), HexColor("#E3E6E1"), HexColor("#056C4A")
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
HAIR = 0.5

# The sign: a gate over a road, in a grid of 24 with its origin above.
_SIGN = (
    (TEXT, 2, 2.5, 20, 4),
    (ACCENT, 10, 9, 4, 2.5),
    (ACCENT, 10, 13.5, 4, 3.25),
    (ACCENT, 10, 18.5, 4, 4),
)
_UNIT = 15 / 24
_INDENT = 20


class Mark(Flowable):  # type: ignore[misc]
    """The issuer's name behind the sign."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = Paragraph(
            set_text(name), ParagraphStyle("", fontName=STRONG, fontSize=11, leading=14, textColor=TEXT)
        )

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take the whole line."""
        return width, max(14.0, self._name.wrap(width - _INDENT, height)[1])

    def draw(self) -> None:
        """Draw the sign beside the first line of the name."""
        top = self._name.height
        for colour, x, y, width, height in _SIGN:
            self.canv.setFillColor(colour)
            self.canv.rect(
                (x - 2) * _UNIT, top - (y + height) * _UNIT, width * _UNIT, height * _UNIT, stroke=0, fill=1
            )
        self._name.drawOn(self.canv, _INDENT, 0)


def numbered(face: Face) -> type[Any]:
    """Return a canvas that knows how many pages there are when it writes on each which one it is."""

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # Instead of the present: the same paper has the same bytes whenever it is drawn.
            self.setDateFormatter(lambda *_: f"D:{face.issued:%Y%m%d%H%M%S}+00'00'")
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self._foot(number, len(self._pages))
                super().showPage()
            super().save()

        def _foot(self, number: int, pages: int) -> None:
            self.setStrokeColor(LINE)
            self.setLineWidth(HAIR)
            self.line(MARGIN, 16 * mm, A4[0] - MARGIN, 16 * mm)
            self.setFont(REGULAR, 7.5)
            self.setFillColor(DIM)
            self.drawString(MARGIN, 11.5 * mm, face.title)
            self.drawRightString(A4[0] - MARGIN, 11.5 * mm, f"Page {number} of {pages}")

    return Numbered
