"""Bar charts as small SVG files, in the light and in the dark."""

from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from .figures import Row, Run
from .rounds import BURST, PLAIN
from .site import NAME

__all__ = ["bars", "draw"]

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 640, 130, 90, 22, 10, 40
FIGURES: dict[str, tuple[str, Callable[[Row], float]]] = {
    "rate": ("answers a second", lambda row: row.rate),
    "cpu": ("CPU µs for each answer", lambda row: row.cpu_us),
}
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1a1a1a}.t{font-weight:600}rect{fill:#9aa4b2}.o{fill:#2457d6}"
    "@media(prefers-color-scheme:dark){text{fill:#e8e8e8}rect{fill:#687385}.o{fill:#7ea6ff}}"
)


def draw(run: Run, folder: Path) -> list[str]:
    """Write the charts of a run into a folder; return them as pictures in Markdown, relative to the folder's parent."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for load in (PLAIN, BURST):
        shown = [row for row in (run.median(load.name, each) for each in run.targets()) if row is not None]
        for name, (title, figure) in FIGURES.items() if shown else ():
            heading = f"{load.name}: {title}"
            file = folder / f"speed-{load.shape}-{name}.svg"
            file.write_text(bars(heading, [(row.target, figure(row)) for row in shown]))
            found.append(f"![{heading}]({folder.name}/{file.name})")
    return found


def bars(title: str, values: Sequence[tuple[str, float]]) -> str:
    """Return a chart with a bar for each value, as SVG."""
    most = max((value for _, value in values), default=0) or 1
    height = TOP + len(values) * (BAR + GAP)
    rows = "".join(
        _bar(name, value, TOP + number * (BAR + GAP), value / most)
        for number, (name, value) in enumerate(values)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f'<text class="t" x="0" y="20">{escape(title)}</text>{rows}</svg>\n'
    )


def _bar(name: str, value: float, y: int, share: float) -> str:
    wide = max(1, round(share * (WIDTH - LEFT - RIGHT)))
    own = ' class="o"' if name == NAME else ""
    return (
        f'<text x="0" y="{y + 16}">{escape(name)}</text>'
        f'<rect{own} x="{LEFT}" y="{y}" width="{wide}" height="{BAR}" rx="3"/>'
        f'<text x="{LEFT + wide + 8}" y="{y + 16}">{value:,.0f}</text>'
    )
