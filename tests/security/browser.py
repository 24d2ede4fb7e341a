"""A person's browser over real HTTP: cookies, the token of forms, and every page it was shown."""

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar

__all__ = ["Browser", "Shown"]

PATIENCE_S = 60


@dataclass(frozen=True)
class Shown:
    """A page or an answer, its headers with it."""

    path: str
    status: int
    text: str


@dataclass
class Browser:
    """One person's, at a site; `seen` is all that it was shown."""

    root: str
    seen: list[Shown] = field(default_factory=list)
    jar: CookieJar = field(default_factory=CookieJar)

    def get(self, path: str, **headers: str) -> Shown:
        """Open a page, where it leads."""
        return self._ask(path, None, headers)

    def post(self, path: str, **fields: object) -> Shown:
        """Send a form with the token that the site gave."""
        if not self.cookie("csrftoken"):
            self.get("/accounts/login/")
        sent = {"csrfmiddlewaretoken": self.cookie("csrftoken"), **fields}
        return self._ask(path, urllib.parse.urlencode(sent).encode(), {})

    def cookie(self, name: str) -> str:
        """Return a cookie's value, empty where there is none."""
        return next((cookie.value or "" for cookie in self.jar if cookie.name == name), "")

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str]) -> Shown:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        request = urllib.request.Request(self.root + path, body, headers)
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                shown = Shown(
                    path, answer.status, f"{answer.headers}\n{answer.read().decode(errors='replace')}"
                )
        except urllib.error.HTTPError as error:
            with error:
                shown = Shown(path, error.code, f"{error.headers}\n{error.read().decode(errors='replace')}")
        self.seen.append(shown)
        return shown
