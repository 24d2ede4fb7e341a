"""A newcomer with nothing but an address: makes an account, opens a workspace, and has curl answered.

By hand, with the code from one's own mail: `python -m tests.customer.newcomer https://your.host you@example.com`.
"""

import argparse
import http.cookiejar
import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

__all__ = ["Arrived", "Newcomer", "Sheet"]

PATIENCE_S = 30
_KEY = re.compile(r"rk_[0-9a-f]{64}")


@dataclass
class Form:
    """A form as it stands: where it goes, the words beside each field, and what is in them already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Sheet(HTMLParser):
    """A page as somebody reads it: its words, its links by their words, its forms, its examples."""

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address, self.words = address, ""
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self.examples: list[str] = []
        self._open: list[tuple[str, dict[str, str], int]] = []
        self._labels: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember where the words of a link, a label, a button or an example begin."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", self.address)))
        elif tag == "input" and self.forms and said.get("name"):
            self.forms[-1].fields[said["name"]] = said.get("value", "")
            if said.get("type") != "hidden":
                self.forms[-1].names[self._labels.get(said.get("id", ""), "")] = said["name"]
        elif tag in ("a", "label", "button", "pre"):
            self._open.append((tag, said, len(self.words)))

    def handle_data(self, data: str) -> None:
        """Keep words."""
        self.words += data

    def handle_endtag(self, tag: str) -> None:
        """Keep what was between a beginning and this end."""
        if not self._open or self._open[-1][0] != tag:
            return
        _, said, start = self._open.pop()
        words = self.words[start:]
        if tag == "a":
            self.links.append((" ".join(words.split()), said.get("href", "")))
        elif tag == "label":
            self._labels[said.get("for", "")] = " ".join(words.split())
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(" ".join(words.split()))
        elif tag == "pre":
            self.examples.append(words)

    def link(self, *wanted: str) -> str | None:
        """Return where the first link goes that has some of these words."""
        found = (link for words in wanted for name, link in self.links if words.lower() in name.lower())
        return next(found, None)

    def form(self, button: str) -> Form:
        """Return the form with a button. Raises LookupError."""
        found = next((each for each in self.forms if button in each.buttons), None)
        if found is None:
            raise LookupError(
                f"{self.address} has no button {button!r}, only {[each.buttons for each in self.forms]}"
            )
        return found


@dataclass(frozen=True)
class Arrived:
    """What came of it."""

    secret: str
    command: str
    answer: dict[str, Any]
    steps: list[tuple[str, float]]

    @property
    def seconds(self) -> float:
        """How long it took from the first page to the answer."""
        return self.steps[-1][1]


class Newcomer:
    """Somebody who knows an address, and reads."""

    def __init__(self, address: str, email: str, letter: Callable[[], str]) -> None:
        """`letter` returns the text of the mail that came, or the code alone."""
        self._address, self._email, self._letter = address.rstrip("/"), email, letter
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)
        self._began = time.monotonic()
        self.steps: list[tuple[str, float]] = []

    def arrives(self) -> Arrived:
        """Go the whole way. Raises LookupError where a page does not say how to go on."""
        entry = self._finds(self._opens("/"), "Make an account", "Sign up", via="Sign in")
        sheet = self._sends(
            entry, "Make the account", {"E-mail": self._email, "Password": secrets.token_urlsafe(16)}
        )
        code = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", self._letter())
        if code is None:
            raise LookupError("the mail has no code")
        sheet = self._finds(self._sends(sheet, "Go on", {"Code": code[0]}), "Open a workspace")
        sheet = self._sends(sheet, "Open the workspace", {"Name": "A newcomer's"})
        secret = _KEY.search(sheet.words)
        if secret is None:
            raise LookupError(f"{sheet.address} shows no key")
        self._notes("has a key")
        command = self._example()
        answer = self._runs(command, secret[0])
        self._notes("has an answer")
        return Arrived(secret[0], command, answer, [*self.steps])

    def sees(self, path: str) -> str:
        """Return the words of a page."""
        return self._opens(path).words

    def _example(self) -> str:
        """Find the first curl of the quick start, by the list of pages that /llms.txt is."""
        listed = self._text("/llms.txt")
        place = re.search(r"\[Quickstart\]\((\S+)\.md\)", listed)
        if place is None:
            raise LookupError("/llms.txt names no quick start")
        sheet = self._opens(place[1])
        found = [each for each in sheet.examples if each.startswith("curl ") and "/chat/completions" in each]
        if not found:
            raise LookupError(f"{sheet.address} shows no request by curl")
        return found[0].strip()

    def _runs(self, command: str, secret: str) -> dict[str, Any]:
        done = subprocess.run(
            ["bash", "-c", command],
            env={**os.environ, "TOLLWAY_API_KEY": secret},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        if not done.stdout.startswith("{"):
            raise LookupError(f"the example is answered: {done.stdout[:500]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _finds(self, sheet: Sheet, *words: str, via: str = "") -> Sheet:
        link = sheet.link(*words)
        if link is None and via and (way := sheet.link(via)) is not None:
            sheet = self._opens(way, of=sheet)
            link = sheet.link(*words)
        if link is None:
            raise LookupError(
                f"{sheet.address} has no link {words}, only {[name for name, _ in sheet.links]}"
            )
        return self._opens(link, of=sheet)

    def _opens(self, link: str, *, of: Sheet | None = None) -> Sheet:
        return self._reads(urllib.parse.urljoin(of.address if of else self._address + "/", link), None)

    def _sends(self, sheet: Sheet, button: str, said: dict[str, str]) -> Sheet:
        form = sheet.form(button)
        fields = {**form.fields, **{form.names[label]: value for label, value in said.items()}}
        place = urllib.parse.urljoin(sheet.address, form.action)
        return self._reads(place, urllib.parse.urlencode(fields).encode())

    def _reads(self, place: str, body: bytes | None) -> Sheet:
        asked = urllib.request.Request(place, data=body, headers={"Accept": "text/html", "Referer": place})
        with self._opener.open(asked, timeout=PATIENCE_S) as answer:
            sheet = Sheet(answer.url, answer.read().decode())
        self._notes(urllib.parse.urlsplit(sheet.address).path)
        return sheet

    def _text(self, path: str) -> str:
        with self._opener.open(self._address + path, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    def _notes(self, step: str) -> None:
        self.steps.append((step, time.monotonic() - self._began))


def main() -> None:
    """Go the way at an address, asking for the code of the mail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="where the site is, and nothing else of it")
    parser.add_argument("email", help="an address whose mail you can read")
    asked = parser.parse_args()
    arrived = Newcomer(asked.address, asked.email, lambda: input("The code from the mail: ")).arrives()
    for step, seconds in arrived.steps:
        sys.stdout.write(f"{seconds:7.2f} s  {step}\n")


if __name__ == "__main__":
    main()
