"""The customers' addresses, asked by the owner of the largest workspace: every page, and the lists in many ways."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from .places import Place, largest

__all__ = ["places", "signed_in"]

NO_PAGES = (".csv", ".json", "/logs/new")
"""Files come in chunks, and what a list asks while it is open is no page."""
ACTIVITY = {
    "365 days by model": "range=365d&by=model",
    "30 days by key, each hour": "range=30d&by=key&per=hour",
    "30 days by tag, tokens, compared": "range=30d&by=tag&metric=tokens&compare=1",
    "30 days by upstream": "range=30d&by=provider",
}
LOGS = {
    "24 hours": "range=24h",
    "30 days": "range=30d",
    "30 days, failed": "range=30d&status=failed",
    "30 days, refused": "range=30d&status=refused",
    "30 days, dearer than a dollar, which none is": "range=30d&cost=1",
    "30 days, slower than a minute": "range=30d&slower=60000",
    "30 days, a search for what is nowhere": "range=30d&q=nowhere-to-be-found",
}


def signed_in(client: Any) -> None:
    """Sign the client in as an owner of the largest workspace."""
    from accounts.models import Member, User, Workspace

    address = "page-speed-customer@tollway.test"
    found = User.objects.filter(email=address).first() or User.objects.create_user(address, None)
    workspace = Workspace.objects.get(pk=largest())
    Member.objects.get_or_create(workspace=workspace, user=found, defaults={"role": Member.Role.OWNER})
    client.force_login(found)


def places(client: Any) -> Iterator[Place]:
    """Yield every page of the dashboard without a parameter, then lists and single rows in many ways."""
    for path in sorted(_plain(get_resolver().url_patterns, "/")):
        if client.get(path).status_code != 405:
            yield Place(path, "as it opens", path)
    yield from (
        Place("/dashboard/activity", what, f"/dashboard/activity?{query}") for what, query in ACTIVITY.items()
    )
    yield from (Place("/dashboard/logs", what, f"/dashboard/logs?{query}") for what, query in LOGS.items())
    yield from _deep(client)
    yield from _rows(client)


def _plain(patterns: list[Any], before: str) -> Iterator[str]:
    for each in patterns:
        path = before + str(each.pattern).strip("^$")
        if isinstance(each, URLResolver):
            yield from _plain(each.url_patterns, path)
        elif isinstance(each, URLPattern) and _is_page(path):
            yield path


def _is_page(path: str) -> bool:
    return path.startswith("/dashboard") and "<" not in path and not path.endswith(NO_PAGES)


def _deep(client: Any) -> Iterator[Place]:
    """Walk fifty pages back in the list of 30 days."""
    address = "/dashboard/logs?range=30d"
    for _ in range(50):
        page = client.get(address).context["page"]
        if not page.older:
            return
        address = "/dashboard/logs" + page.older
    yield Place("/dashboard/logs", "30 days, fifty pages back", address)


def _rows(client: Any) -> Iterator[Place]:
    from accounts.models import ApiKey
    from billing.models import Paper, UsageEvent

    workspace = largest()
    newest = UsageEvent.objects.filter(workspace_id=workspace).order_by("-charge_no").first()
    if newest is not None:
        yield Place("/dashboard/logs/…", "one request", reverse("dashboard:log", args=[newest.request_id]))
    key = ApiKey.objects.filter(workspace_id=workspace).first()
    if key is not None:
        yield Place("/dashboard/keys/…", "one key", reverse("dashboard:key", args=[key.pk]))
    paper = Paper.objects.filter(workspace_id=workspace).first()
    if paper is not None:
        yield Place("/dashboard/papers/…", "one statement", reverse("dashboard:paper", args=[paper.pk]))
