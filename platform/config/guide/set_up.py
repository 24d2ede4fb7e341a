"""The page Set-up: the guide's own examples with a person's address, key and model in them, and a look-out for a request."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import keys
from accounts.models import ApiKey, Member
from billing.first_day import callable_model
from billing.seats import frame, members
from billing.setting_up.arriving import Arrival, latest
from billing.statements import zone_of
from kernel import clock, origin

from . import rendering, shelf
from .rendering import Section

__all__ = ["CLIENTS", "page"]

CLIENTS: dict[str, tuple[str, str]] = {
    "openai-python": ("sdks", "OpenAI, Python"),
    "openai-node": ("sdks", "OpenAI, TypeScript"),
    "curl": ("sdks", "curl"),
    "claude-code": ("coding-agents", "Claude Code"),
    "codex": ("coding-agents", "Codex"),
    "opencode": ("coding-agents", "opencode"),
    "cline": ("coding-agents", "Cline"),
    "langchain": ("sdks", "LangChain"),
    "anthropic-python": ("sdks", "Anthropic, Python"),
    "ai-sdk": ("sdks", "AI SDK"),
}
"""The clients that are offered, with the document and the heading that tell of each."""
_MOST_KEYS = 100


@dataclass(frozen=True)
class Client:
    """One client in the list."""

    slug: str
    name: str
    chosen: bool


@require_GET
@members
def page(request: HttpRequest, member: Member) -> HttpResponse:
    """Show how a client is set up; ?client= says which, ?key= with whose beginning."""
    slug = request.GET.get("client", next(iter(CLIENTS)))
    if slug not in CLIENTS:
        raise Http404(f"client: choose one of {', '.join(CLIENTS)}")
    usable, section = _usable(member), _section(slug)
    key = _chosen(usable, request.GET.get("key", ""))
    arrived = latest(member.workspace_id, key.pk) if key else None
    context = {
        "clients": [Client(each, name, each == slug) for each, (_, name) in CLIENTS.items()],
        "client": section.heading.text,
        "slug": slug,
        "document": CLIENTS[slug][0],
        "anchor": section.heading.anchor,
        "keys": usable,
        "key": key,
        "may_make": keys.may_manage(member.role),
        **_filled(request, member, section, key),
        **_arrival(arrived, member),
    }
    return render(request, "docs/set_up.html", frame(member, here="set-up") | context)


def _usable(member: Member) -> list[ApiKey]:
    """Return the keys that the member may see and that open something now, the newest first."""
    reach = keys.in_reach(member.workspace_id, role=member.role, person_id=member.user_id)
    alive = reach.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()))
    return list(alive.order_by("-created_at", "-pk")[:_MOST_KEYS])


def _chosen(usable: list[ApiKey], number: str) -> ApiKey | None:
    if not number:
        return usable[0] if usable else None
    found = next((key for key in usable if str(key.pk) == number), None)
    if found is None:
        raise Http404("there is no such key")
    return found


def _section(slug: str) -> Section:
    document, name = CLIENTS[slug]
    entry = next(entry for entry in shelf.entries() if entry.slug == document)
    return next(section for section in rendering.sections(entry) if section.heading.text == name)


def _filled(
    request: HttpRequest, member: Member, section: Section, key: ApiKey | None
) -> dict[str, str | None]:
    site = origin.of(request)
    named = key.allowed_models if key else None
    model = named[0] if named else callable_model(member.workspace)
    beginning = f"{key.prefix}…" if key else rendering.BEGINNING
    return {
        "origin": site,
        "model": model,
        "line": f'export {rendering.KEY}="{beginning}"',
        "body": section.at(site, model=model or rendering.MODEL, beginning=beginning),
    }


def _arrival(arrived: Arrival | None, member: Member) -> dict[str, str]:
    if arrived is None:
        return {"arrived": "", "arrived_id": ""}
    return {
        "arrived": arrived.words(zone_of(member.workspace.time_zone)),
        "arrived_id": str(arrived.request_id),
    }
