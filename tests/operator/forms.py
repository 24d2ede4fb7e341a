"""Reads a page's form as a browser does: what would be sent if it were sent as it stands."""

from html.parser import HTMLParser

__all__ = ["as_it_stands"]


class _Fields(HTMLParser):
    """Gathers the fields of the page's main form; buttons are not pressed."""

    def __init__(self, identity: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._identity, self._inside = identity, False
        self._select, self._text = "", ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take a field that would be sent."""
        facts = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._inside = facts.get("id") == self._identity
        if not self._inside:
            return
        name = facts.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in facts:
            self._take(self._select, facts.get("value", ""))
        elif tag == "textarea":
            self._text = name
            self._take(name, "")
        elif tag == "input" and facts.get("type") not in {"submit", "button", "file"}:
            of_choice = facts.get("type") in {"checkbox", "radio"}
            if not of_choice or "checked" in facts:
                self._take(name, facts.get("value", "on" if of_choice else ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave what ends."""
        self._inside = self._inside and tag != "form"
        self._text = "" if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        """Take the text of a large field; the first line break within it is the page's."""
        if self._text:
            self.sent[self._text][-1] += data

    def _take(self, name: str, value: str) -> None:
        if name:
            self.sent.setdefault(name, []).append(value)


def as_it_stands(page: str, identity: str) -> dict[str, list[str]]:
    """Return the fields of the form with that id."""
    fields = _Fields(identity)
    fields.feed(page)
    return {
        name: [value.removeprefix("\n").removeprefix("\r\n") for value in values]
        for name, values in fields.sent.items()
    }
