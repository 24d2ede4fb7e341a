"""The page that a campaign's table is put into, and the commit that the table is of."""

import subprocess

__all__ = ["commit", "written"]

BEGIN, END = "<!-- run -->\n", "<!-- /run -->\n"


def written(page: str, report: str) -> str:
    """Return a page with the report between its marks. Raises ValueError if the page has none."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN.strip()} … {END.strip()}")
    return head + begin + report + end + tail


def commit() -> str:
    """Return the commit of the checkout, and whether there are changes on top of it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
