"""Every setting that the environment can set, as it is now: what it is, where it comes from, and docs/settings.md."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import env
from .asked import KEPT, Variable, asked, is_secret
from .meanings import ELSEWHERE, MEANINGS

__all__ = ["Told", "listed", "page", "unread"]

HIDDEN = "hidden"
_OF_SECRETS = {"text": "secret", "list": "list of secrets"}
_OURS = ("TOLLWAY_", "STRIPE_")
_HEAD = """# Settings

Every variable of the environment that Tollway reads, written from the code by `make docs`. `manage.py settings` prints
the same list as it is on a running site, with where each value comes from and without the secrets; `--json` is for
scripts. A value of the wrong kind, or out of its bounds, stops the start with a sentence that names the variable.

A default in parentheses is that of the embedded engines, for trying and developing.

A catalogue that is applied from a file may name variables of your own for the keys of providers: [the catalogue as a
file](catalogue.md). The server reads `FORWARDED_ALLOW_IPS` by itself: [deployment](deployment.md#the-proxy).
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One setting as it is: `source` is environment, default or kept, and a secret's `value` says only that it is set."""

    name: str
    group: str
    kind: str
    default: str
    value: str
    source: str
    meaning: str


def listed() -> list[Told]:
    """Return every setting, in the order of config/meanings.py."""
    known = asked()
    return [
        _told(known.get(name) or Variable(name, "text", "", ""), group, meaning)
        for group, meanings in MEANINGS.items()
        for name, meaning in meanings.items()
    ]


def unread() -> list[str]:
    """Return the variables of the environment that look like ours and that nothing reads."""
    known = {name for meanings in MEANINGS.values() for name in meanings}
    return sorted(name for name in os.environ if name.startswith(_OURS) and name not in known)


def page() -> str:
    """Return docs/settings.md; it says nothing of this environment."""
    return "\n".join([_HEAD, *_tables()])


def _told(variable: Variable, group: str, meaning: str) -> Told:
    default = variable.on_embedded if env.embedded() else variable.default
    given = os.environ.get(variable.name)
    source = "environment" if given else "kept" if default == KEPT else "default"
    value = "" if source == "kept" else given or default
    return Told(
        name=variable.name,
        group=group,
        kind=_kind(variable),
        default=default,
        value=HIDDEN if source == "kept" else _shown(variable, value),
        source=source,
        meaning=meaning,
    )


def _kind(variable: Variable) -> str:
    return _OF_SECRETS.get(variable.kind, variable.kind) if is_secret(variable.name) else variable.kind


def _shown(variable: Variable, value: str) -> str:
    if value and is_secret(variable.name):
        return HIDDEN
    if value and variable.kind == "address":
        return _without_credentials(value)
    return value


def _without_credentials(address: str) -> str:
    """Return scheme, place and path: the password may stand before the place, or among the parameters."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _tables() -> Iterator[str]:
    known = asked()
    for group, meanings in MEANINGS.items():
        yield f"## {group}\n"
        if group == ELSEWHERE:
            yield "What the embedded engines, the sandbox and the demo read; a site that serves customers needs none of it.\n"
        yield "| Variable | Kind | Default | Meaning |\n|---|---|---|---|"
        for name, meaning in meanings.items():
            variable = known.get(name) or Variable(name, "text", "", "")
            yield f"| `{name}` | {_kind(variable)} | {_default(variable)} | {meaning} |"
        yield ""


def _default(variable: Variable) -> str:
    plain = f"`{variable.default}`" if variable.default else ""
    if variable.on_embedded == variable.default:
        return plain
    other = variable.on_embedded if variable.on_embedded == KEPT else f"`{variable.on_embedded}`"
    return f"{plain} ({other})".strip()
