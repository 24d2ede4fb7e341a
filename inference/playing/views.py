"""The playground: its page, and the short pass that its script calls /v1 with; no cookie ever opens /v1."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts import passes, powers, rates, tokens
from accounts.models import Member
from accounts.powers import Power
from billing.first_day import callable_model
from billing.seats import frame, members, needs
from kernel import origin

from ..shelf.visible import Shelf
from ..showcase import buying

__all__ = ["hand_pass", "playground"]

PASSES_A_MINUTE = 20
_LONGEST_PROMPT = 4000


@dataclass(frozen=True, slots=True)
class Player:
    """A model that can be chosen."""

    id: str
    name: str
    images: bool
    most: int

    def told(self) -> dict[str, object]:
        """Return what the script knows of it."""
        return {"id": self.id, "images": self.images, "most": self.most}


@require_safe
@members
def playground(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the playground; ?a= and ?b= choose models, ?prompt= fills the prompt in."""
    shelf = buying.of(member.workspace)
    players = _players(shelf)
    known = {player.id for player in players}
    first, second = request.GET.get("a", ""), request.GET.get("b", "")
    if first not in known:
        first = callable_model(member.workspace) or ""
    context = {
        "players": players,
        "told": [player.told() for player in players],
        "first": first,
        "second": second if second in known else "",
        "prompt": request.GET.get("prompt", "")[:_LONGEST_PROMPT],
        "may_call": powers.may(member.role, Power.CALL),
        "origin": origin.of(request),
    }
    return render(request, "showcase/playground.html", frame(member, here="playground") | context)


@require_POST
@needs(Power.CALL)
def hand_pass(request: HttpRequest, member: Member) -> HttpResponse:
    """Give the person's own script an access token for this workspace, good for a quarter of an hour."""
    try:
        rates.take("pass", str(member.user_id), limit=PASSES_A_MINUTE)
    except rates.TooOften as error:
        refusal = JsonResponse({"message": "Too many at once. Try again in a minute."}, status=429)
        refusal["Retry-After"] = str(error.retry_after)
        return refusal
    token = passes.issue(request.session, member.user, member.workspace)
    return JsonResponse({"token": token, "seconds": tokens.ACCESS_SECONDS})


def _players(shelf: Shelf) -> list[Player]:
    """Return the chat models that the plan includes and that can be called now, by their ids."""
    return [
        Player(
            id=listed.offer.public_id,
            name=listed.offer.name,
            images="image" in listed.offer.input_modalities,
            most=listed.offer.max_output_tokens,
        )
        for listed in shelf.included()
        if listed.offer.capability == "chat" and shelf.hops(listed.offer)
    ]
