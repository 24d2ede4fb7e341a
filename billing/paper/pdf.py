"""How a paper is drawn as PDF: A4, our font within, heads repeated, pages numbered, the same bytes each time."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.enums import TA_RIGHT  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    CondPageBreak,
    Flowable,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as Grid

from billing import figures

from .face import Cell, Face, Head, Party, Table
from .pdf_page import ACCENT, DIM, HAIR, LINE, MARGIN, TEXT, WIDTH, Mark, numbered
from .type_faces import REGULAR, STRONG, load, set_text

__all__ = ["draw"]

_SECOND, _SUNKEN = HexColor("#4D5651"), HexColor("#F6F7F4")
_PADDING = 6  # of the frame that flowables stand in, on each side
_NARROWEST = 40 * mm  # of the column with names


def _style(
    size: float, leading: float, *, font: str = REGULAR, colour: Any = TEXT, right: bool = False
) -> Any:
    return ParagraphStyle(
        "", fontName=font, fontSize=size, leading=leading, textColor=colour, alignment=TA_RIGHT if right else 0,
        splitLongWords=1,
    )  # fmt: skip


_BODY, _BODY_RIGHT = _style(8.5, 12), _style(8.5, 12, right=True)
_STRONG, _STRONG_RIGHT = _style(8.5, 12, font=STRONG), _style(8.5, 12, font=STRONG, right=True)
_SMALL, _LABEL = _style(7.5, 10.5, colour=_SECOND), _style(7.5, 10.5, colour=DIM)
_LABEL_RIGHT = _style(7.5, 10.5, colour=DIM, right=True)
_SECTION = _style(10, 14, font=STRONG)


def draw(face: Face, *, digest: str) -> bytes:
    """Return a paper as PDF; `digest` is the SHA-256 of its content, printed at its end."""
    load()
    made = BytesIO()
    issuer = next((party.name for party in face.parties if party.role == "Issued by"), "")
    SimpleDocTemplate(
        made,
        pagesize=A4,
        leftMargin=MARGIN - _PADDING,
        rightMargin=MARGIN - _PADDING,
        topMargin=16 * mm,
        bottomMargin=22 * mm,
        title=face.title,
        author=issuer,
        subject=face.figure_says,
        creator="Tollway",
        lang="en-US",
        displayDocTitle=1,
        invariant=1,
        pageCompression=1,
    ).build(list(_story(face, issuer, digest)), canvasmaker=numbered(face))
    return made.getvalue()


def _story(face: Face, issuer: str, digest: str) -> Sequence[Flowable]:
    story: list[Flowable] = [Mark(issuer), Spacer(0, 10 * mm)]
    story += [
        _text(face.kind, _style(20, 26, font=STRONG)),
        Spacer(0, 7 * mm),
        _heading(face),
        Spacer(0, 7 * mm),
    ]
    story += [_figure(face), Spacer(0, 3 * mm)]
    for table in face.tables:
        story += _table(table)
    story.append(Spacer(0, 8 * mm))
    notes = [*face.notes, f"SHA-256 of what this paper says: {digest}"]
    story.append(
        KeepTogether([part for note in notes for part in (_lines(note, _SMALL), Spacer(0, 1.5 * mm))])
    )
    return story


def _heading(face: Face) -> Flowable:
    """Set the parties and the facts side by side."""
    columns = [[*_party(party)] for party in face.parties]
    columns.append(
        [
            part
            for label, value in face.facts
            for part in (_text(label, _LABEL), _text(value, _BODY), Spacer(0, 4))
        ]
    )
    share = WIDTH / len(columns)
    grid = Grid([columns], colWidths=[share] * len(columns))
    grid.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_flush()]))
    return grid


def _party(party: Party) -> list[Flowable]:
    lines = [_text(line, _BODY) for line in party.lines]
    return [_text(party.role, _LABEL), _text(party.name, _STRONG), *lines]


def _figure(face: Face) -> Flowable:
    big = _style(20, 26, font=STRONG)
    cell = [_text(face.figure_says, _LABEL), Paragraph(_money(face.figure), big), _text(face.sentence, _BODY)]
    grid = Grid([[cell]], colWidths=[WIDTH])
    grid.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), _SUNKEN),
                ("LINEBEFORE", (0, 0), (0, -1), 2, ACCENT),
                ("LEFTPADDING", (0, 0), (-1, -1), 12),
                ("TOPPADDING", (0, 0), (-1, -1), 9),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 11),
            ]
        )
    )
    return grid


def _table(table: Table) -> list[Flowable]:
    title: list[Flowable] = [Spacer(0, 6 * mm)]
    if table.title:
        title += [_text(table.title, _SECTION), Spacer(0, 2 * mm)]
    if not table.rows:
        return [*title, _text(table.note, _BODY)]
    size = 7.5 if table.wide else 8.5
    heads = [_text(head.label, _LABEL_RIGHT if head.figures else _LABEL) for head in table.heads]
    rows = [[_cell(cell, head) for cell, head in zip(row, table.heads, strict=True)] for row in table.rows]
    foot = [
        [_cell(cell, head, strong=True) for cell, head in zip(row, table.heads, strict=True)]
        for row in table.foot
    ]
    grid = LongTable([heads, *rows, *foot], colWidths=_widths(table, size), repeatRows=1)
    grid.setStyle(TableStyle(_ruled(table, size)))
    # A title stays with the first rows: heads, two rows and their foot have room below it.
    return [CondPageBreak(45 * mm), *title, grid]


def _ruled(table: Table, size: float) -> list[tuple[Any, ...]]:
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), REGULAR, size, 12),
        ("TEXTCOLOR", (0, 0), (-1, -1), TEXT),
        ("ALIGN", (0, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -2), HAIR, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
        *_flush(),
    ]
    if table.foot:
        first = -len(table.foot)
        style.append(("FONT", (0, first), (-1, -1), STRONG, size, 12))
        style.append(("LINEABOVE", (0, first), (-1, first), 1, TEXT))
        style.append(("NOSPLIT", (0, first - 1), (-1, -1)))
    return style


def _widths(table: Table, size: float) -> list[float]:
    """Give each column of figures what its longest one needs, and names the rest."""
    widths = [0.0] * len(table.heads)
    for place, head in enumerate(table.heads):
        if head.figures:
            cells = [row[place] for row in (*table.rows, *table.foot)]
            longest = max(stringWidth(_plain(cell), STRONG, size) for cell in cells)
            widths[place] = max(longest, stringWidth(head.label, REGULAR, 7.5)) + 10
    names = [place for place, head in enumerate(table.heads) if not head.figures]
    if len(names) > 1:
        widths[names[0]] = 28 * mm
    left = WIDTH - sum(widths)
    widths[names[-1]] = max(left, _NARROWEST)
    shrink = min(1.0, WIDTH / sum(widths))
    return [width * shrink for width in widths]


def _cell(cell: Cell, head: Head, *, strong: bool = False) -> Any:
    """Set a cell; a plain figure stays a text, which is drawn ten times as fast as a paragraph."""
    if head.figures and not cell.under and (cell.nano is None or cell.decimals <= 2):
        return _plain(cell)
    if cell.nano is not None:
        return [Paragraph(_money(cell), _STRONG_RIGHT if strong else _BODY_RIGHT)]
    if head.figures:
        return f"{_plain(cell)}\n{cell.under}"
    said = [_text(cell.text, _STRONG if strong else _BODY)]
    return [*said, _text(cell.under, _LABEL)] if cell.under else said


def _plain(cell: Cell) -> str:
    if cell.nano is None:
        return cell.text
    amount = figures.amount(cell.nano, decimals=cell.decimals)
    digits = "".join(piece.digits for piece in (*amount.strong, *amount.dim))
    return f"{amount.sign}${amount.whole}{'.' if digits else ''}{digits}"


def _money(cell: Cell) -> str:
    """Set an amount with its last digits dim, as the pages do."""
    amount = figures.amount(cell.nano or 0, decimals=cell.decimals)
    strong, dim = ("".join(piece.digits for piece in pieces) for pieces in (amount.strong, amount.dim))
    point = "." if cell.decimals else ""
    faint = f'<font color="{DIM.hexval().replace("0x", "#")}">{dim}</font>' if dim else ""
    return f"{amount.sign}${amount.whole}{point}{strong}{faint}"


def _text(text: str, style: Any) -> Flowable:
    return Paragraph(set_text(text), style)


def _lines(text: str, style: Any) -> Flowable:
    return Paragraph("<br/>".join(set_text(line) for line in text.splitlines()), style)


def _flush() -> list[tuple[Any, ...]]:
    """Let the first column begin and the last one end on the margins."""
    return [
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("LEFTPADDING", (1, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-2, -1), 4),
    ]
