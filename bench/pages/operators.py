"""The operators' addresses, made from what is registered in the admin, so that a new page is among them."""

from collections.abc import Iterator
from typing import Any

from .places import Place, largest

__all__ = ["DEEP", "places", "signed_in"]

DEEP = 10_000
"""How many rows lie before a deep page, where there are so many."""
CHOICES_TRIED = 3


def signed_in(client: Any) -> None:
    """Sign the client in as somebody who may open everything."""
    from accounts.models import User

    address = "page-speed@tollway.test"
    found = User.objects.filter(email=address).first()
    client.force_login(found or User.objects.create_superuser(address, None))


def places(client: Any) -> Iterator[Place]:
    """Yield Home, every list in many ways, and the pages beside the lists."""
    from django.contrib import admin
    from django.urls import reverse

    import config.urls  # noqa: F401  # registers the pages

    yield Place("Home", "as it opens", reverse("admin:index"))
    names = set()
    for model, page in sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label):
        yield from _of_list(client, model, page)
        names |= {pattern.name for pattern in page.get_urls()}
    beside = [pattern for pattern in admin.site.get_urls() if getattr(pattern, "name", None)]
    for name in sorted(name for pattern in beside if (name := _plain(pattern)) and name not in names):
        address = reverse(f"admin:{name}")
        if client.get(address).status_code != 405:  # what is only done has no page
            yield Place("beside the lists", name, address)


def _plain(pattern: Any) -> str:
    """Return the name of an address without parameters that shows a page, or nothing."""
    leaves = (
        "logout",
        "login",
        "jsi18n",
        "autocomplete",
        "search",
        "password_change",
        "password_change_done",
        "index",
    )
    plain = not pattern.pattern.converters and not pattern.pattern.regex.groups
    return pattern.name if plain and pattern.name not in leaves else ""


def _of_list(client: Any, model: Any, page: Any) -> Iterator[Place]:
    from django.urls import reverse

    name, stem = (
        str(model._meta.verbose_name_plural),
        f"admin:{model._meta.app_label}_{model._meta.model_name}",
    )
    address = reverse(f"{stem}_changelist")
    yield Place(name, "as it opens", address)
    answer = client.get(address)
    shown = (answer.context or {}).get("cl") if answer.status_code == 200 else None
    if shown is None:
        return
    yield from (Place(name, what, address + query) for what, query in _ways(shown, page))
    row = next(iter(shown.result_list), None)
    if row is not None and page.list_display_links is not None:
        yield Place(name, "one row", reverse(f"{stem}_change", args=[row.pk]))


def _ways(shown: Any, page: Any) -> Iterator[tuple[str, str]]:
    if getattr(shown, "older_url", ""):
        yield "the next page", shown.older_url
        yield from _deep(shown)
    for spec in shown.filter_specs:
        choices = [choice for choice in spec.choices(shown) if not choice.get("selected")]
        for choice in choices[:CHOICES_TRIED]:
            yield f"{spec.title}: {choice['display']}", choice["query_string"]
    for what, term in _terms() if page.search_fields else ():
        yield f"search for {what}", f"?q={term}"
    workspace = largest()
    if any(getattr(spec, "parameter_name", "") == "workspace" for spec in shown.filter_specs) and workspace:
        yield "the largest workspace", f"?workspace={workspace}"
        yield "the largest workspace, last 7 days", f"?workspace={workspace}&day=7d"


def _deep(shown: Any) -> Iterator[tuple[str, str]]:
    from catalog.admin_lists import AFTER, _Walk

    walk = _Walk.of(shown.queryset)
    far = list(shown.queryset[DEEP : DEEP + 1])
    if far:
        yield f"{DEEP:,} rows on", shown.get_query_string({AFTER: walk.place(far[0])})


def _terms() -> Iterator[tuple[str, str]]:
    from accounts.models import Workspace
    from billing.models import UsageEvent

    event = UsageEvent.objects.order_by("id").first()
    if event is not None:
        yield "the oldest request's id", str(event.request_id)
    slug = Workspace.objects.filter(pk=largest()).values_list("slug", flat=True).first()
    if slug:
        yield "a workspace's slug", slug
    yield "what is nowhere", "nowhere-to-be-found"
