"""Which addresses are this site itself: a hop that leads there would ask us again, and again."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

__all__ = ["is_ours"]

_USUAL_PORTS = {"http": 80, "https": 443}


def is_ours(url: str) -> bool:
    """Tell whether a URL leads to one of the hosts this site answers for, as ALLOWED_HOSTS and its origins name them.

    The machine itself counts only on a port known to be ours: models are often served beside us. A named host counts
    on the usual ports and on ours, and on every port where OWN_PORT (0) does not say which is ours. Patterns such as
    ".example.com" name no host, and say nothing.
    """
    host, port = _place(url)
    origins = [_place(origin) for origin in settings.CSRF_TRUSTED_ORIGINS]
    known = {port for _, port in origins} | ({settings.OWN_PORT} if settings.OWN_PORT else set())
    if _is_this_machine(host):
        return port in known - {None}
    named = {_bare(name) for name in settings.ALLOWED_HOSTS if name[:1] not in {"*", "."}}
    if host not in named | {name for name, _ in origins}:
        return False
    return not settings.OWN_PORT or port in known | set(_USUAL_PORTS.values())


def _place(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        return _bare(parts.hostname or ""), parts.port or _USUAL_PORTS.get(parts.scheme)
    except ValueError:  # no address at all: whoever saves or calls it says so
        return "", None


def _bare(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
