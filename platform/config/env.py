"""What the environment says, typed; nonsense stops the start with a sentence that names the variable."""

import importlib.util
import json
import os
import re
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from kernel import engines

from .asked import KEPT, ask

__all__ = [
    "SECOND_FACTOR",
    "database",
    "database_entry",
    "embedded",
    "fernet_keys",
    "flag",
    "hosts",
    "integer",
    "networks",
    "optional",
    "other_database",
    "redis_url",
    "second_factor",
    "secret",
    "secrets_apart",
    "stripe_webhook_secrets",
    "text",
    "words",
]

SECOND_FACTOR = "TOLLWAY_STAFF_SECOND_FACTOR"
_LOOPBACK = re.compile(
    r"localhost|127(\.\d+){3}|\[::1\]|testserver"
)  # the last is Django's own name in tests

LEAST_VARIETY = 8
"""Different characters in a secret: of 32 random hexadecimal digits hardly ever fewer than 10."""

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def embedded() -> bool:
    """Tell whether Tollway keeps its data in an embedded engine of its own."""
    return os.environ.get("DATABASE_URL", "") in {"", engines.urls("run").database}


def text(name: str, default: str = "") -> str:
    """Return a variable as it is."""
    value = ask(name, "text", default)
    return default if value is None else value


def optional(name: str, *, needs: str, extra: str) -> str:
    """Return an address that turns on what other packages do; empty leaves it off.

    Raises ImproperlyConfigured for what is no address, and if the packages of an extra, by one that it `needs`, are missing.
    """
    value = ask(name, "address") or ""
    if value and urlsplit(value).scheme not in {"http", "https"}:
        raise ImproperlyConfigured(f"{name} must begin with https:// or http://.")
    if value and not _installed(needs):
        raise ImproperlyConfigured(
            f"{name} is set, and the package {needs} is not installed: install requirements-extras.txt,"
            f" or the extra `{extra}`, or leave {name} empty."
        )
    return value


def words(name: str, default: str = "", *, on_embedded: str | None = None) -> list[str]:
    """Return a comma-separated variable as a list without empty parts."""
    value = ask(name, "list", default, on_embedded=on_embedded)
    if value is None:
        value = on_embedded if on_embedded is not None and embedded() else default
    return [word.strip() for word in value.split(",") if word.strip()]


def flag(name: str, *, default: bool, on_embedded: bool | None = None) -> bool:
    """Return a yes/no variable. Raises ImproperlyConfigured for anything else."""
    otherwise = default if on_embedded is None else on_embedded
    value = ask(name, "yes or no", _shown(default), on_embedded=_shown(otherwise))
    if value is None:
        return otherwise if embedded() else default
    if value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number within bounds. Raises ImproperlyConfigured outside them."""
    value = ask(name, f"number from {low:,} to {high:,}", str(default))
    if value is None:
        return default
    if not value.lstrip("-").isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
    return int(value)


def database() -> dict[str, Any]:
    """Return Django's database entry from DATABASE_URL, or for the embedded engine.

    Raises ImproperlyConfigured if the address is not a PostgreSQL one.
    """
    return database_entry(ask("DATABASE_URL", "address") or engines.urls("run").database)


def database_entry(url: str, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Return Django's database entry for an address. Raises ImproperlyConfigured if it is not a PostgreSQL one."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgresql://; Tollway runs on PostgreSQL only.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "") or options.pop("host", ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def other_database(name: str) -> dict[str, Any] | None:
    """Return Django's entry for another way to the database, or None where the variable is not set."""
    url = ask(name, "address")
    return database_entry(url, name) if url else None


def redis_url() -> str:
    """Return the address of the Redis-protocol server. Raises ImproperlyConfigured if it is not one."""
    url = ask("REDIS_URL", "address") or engines.urls("run").redis
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")
    return url


def secret(name: str) -> str:
    """Return a secret from the environment; on embedded engines one is made at the first start and kept.

    Raises ImproperlyConfigured if it is missing, too short or no random one, on engines that are not ours.
    """
    value = ask(name, "secret of at least 32 characters", on_embedded=KEPT) or ""
    if not value and embedded():
        return _kept(name)
    if len(value) < 32:
        raise ImproperlyConfigured(f"{name} must be set, to at least 32 random characters.")
    if len(set(value)) < LEAST_VARIETY or "insecure" in value:
        raise ImproperlyConfigured(f"{name} must be random: it looks like a placeholder.")
    return value


def secrets_apart(*names: str) -> list[str]:
    """Return several secrets. Raises ImproperlyConfigured if two are the same: who learns one would have the other."""
    found = {name: secret(name) for name in names}
    for name, value in found.items():
        twins = [other for other in names if other != name and found[other] == value]
        if twins:
            raise ImproperlyConfigured(f"{name} and {twins[0]} must be two secrets, not the same.")
    return list(found.values())


def fernet_keys(name: str) -> list[bytes]:
    """Return Fernet keys, newest first. Raises ImproperlyConfigured for what is none."""
    keys = [key.strip().encode() for key in secret(name).split(",")]
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must list Fernet keys (32 bytes, URL-safe base64), and key {number} is none."
            ) from None
    return keys


def hosts(name: str) -> list[str]:
    """Return the host names that are answered.

    Raises ImproperlyConfigured for none at all and for every one, and for what is no host name.
    """
    found = words(name, on_embedded="localhost,127.0.0.1,[::1]")
    if not found:
        raise ImproperlyConfigured(
            f"{name} must name the hosts that are answered, such as tollway.example.com."
        )
    for host in found:
        if "*" in host:
            raise ImproperlyConfigured(
                f"{name} must name hosts, not {host!r}: any name would be believed, also in mails."
            )
        if "/" in host or re.search(r"[^\]]:\d*$", host):
            raise ImproperlyConfigured(f"{name} lists names without scheme and port, not {host!r}.")
    return found


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return a comma-separated variable as networks. Raises ImproperlyConfigured for what is none."""
    try:
        return [ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must list networks such as 203.0.113.0/24: {error}.") from None


def second_factor(hosts: list[str]) -> bool:
    """Tell whether operators must show a second factor. Raises ImproperlyConfigured if that is let go for other machines."""
    asked = flag(SECOND_FACTOR, default=True)
    afar = [host for host in hosts if not _LOOPBACK.fullmatch(host)]
    if not asked and afar:
        raise ImproperlyConfigured(
            f"{SECOND_FACTOR}=no is for a demo on this machine alone, and TOLLWAY_HOSTS names {afar[0]}."
        )
    return asked


def stripe_webhook_secrets() -> list[str]:
    """Return the secrets Stripe may sign with; several while one is being replaced.

    Raises ImproperlyConfigured if there is a key and none of them: payments would come in and never be credited.
    """
    found = words("STRIPE_WEBHOOK_SECRET")
    if text("STRIPE_SECRET_KEY") and not found:
        raise ImproperlyConfigured(
            "STRIPE_WEBHOOK_SECRET must be set where STRIPE_SECRET_KEY is: credit comes by signed webhooks only."
        )
    return found


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package that it is in
        return False


def _shown(answer: bool) -> str:
    return "yes" if answer else "no"


def _kept(name: str) -> str:
    try:
        store: Path = engines.state_file("run", "secrets.json")
    except (OSError, engines.EnginesError) as error:
        raise ImproperlyConfigured(
            f"{name} and DATABASE_URL must be set: engines of Tollway's own have no place here ({error})."
        ) from None
    kept: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
    if name not in kept:
        kept[name] = Fernet.generate_key().decode() if name.endswith("_KEYS") else secrets.token_hex(32)
        draft = store.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(kept))
        draft.replace(store)
    return kept[name]
