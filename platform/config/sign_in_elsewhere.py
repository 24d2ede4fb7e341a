"""Signing in by GitHub or Google: there with the keys of an application at them, absent without."""

from dataclasses import dataclass, field
from typing import Any

from . import env

__all__ = ["APPS", "PLACES", "PROVIDERS"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where people have an account already: allauth's name of it, its address, what it is asked for, and our keys."""

    name: str
    address: str
    scope: tuple[str, ...]
    id: str
    secret: str = field(repr=False)

    @property
    def keys(self) -> dict[str, str]:
        """Return the application's id and secret, empty where they are not set."""
        return {"client_id": self.id, "secret": self.secret}


_PLACES = (
    Place(
        "github",
        "https://github.com",
        ("user:email",),
        id=env.text("TOLLWAY_GITHUB_ID"),
        secret=env.text("TOLLWAY_GITHUB_SECRET"),
    ),
    Place(
        "google",
        "https://accounts.google.com",
        ("email", "profile"),
        id=env.text("TOLLWAY_GOOGLE_ID"),
        secret=env.text("TOLLWAY_GOOGLE_SECRET"),
    ),
)
_SET_UP = [place for place in _PLACES if all(place.keys.values())]

APPS = [
    *(["allauth.socialaccount"] if _SET_UP else []),
    *(f"allauth.socialaccount.providers.{place.name}" for place in _SET_UP),
]
PLACES = [place.address for place in _SET_UP]
PROVIDERS: dict[str, dict[str, Any]] = {
    place.name: {"APPS": [place.keys], "SCOPE": list(place.scope), "OAUTH_PKCE_ENABLED": True}
    for place in _SET_UP
}
