"""The route /api/ai/models: the catalogue by what models make and by who serves them, priced for whoever asks."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.powers import Power
from accounts.rest_route import Refusal, wrong
from billing.managing.document import tells
from billing.managing.key_door import Asker, Keyed, asker
from catalog import at_hand
from inference.errors import Failure
from inference.shelf import groups
from inference.shelf.visible import Shelf, shelf
from inference.showcase import buying

__all__ = ["GroupedCatalogue"]

_ALL = "all"
_ASKED = OpenApiParameter(
    "groups", str, enum=[_ALL], description="With `all` the groups embedding and rerank are told too."
)


def _texts() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField())


class Architecture(serializers.Serializer[Any]):
    """What goes in, what comes out, how it is cut into tokens."""

    input_modalities = _texts()
    output_modalities = _texts()
    tokenizer = serializers.CharField(allow_blank=True)
    instruct_type = serializers.CharField(allow_blank=True)


class TopProvider(serializers.Serializer[Any]):
    """Limits in tokens."""

    is_moderated = serializers.BooleanField()
    context_length = serializers.IntegerField()
    max_completion_tokens = serializers.IntegerField()


class Pricing(serializers.Serializer[Any]):
    """USD per token or unit after every factor of the caller: exact decimals, zero is "0"."""

    prompt = serializers.CharField()
    completion = serializers.CharField()
    image = serializers.CharField()
    request = serializers.CharField()
    web_search = serializers.CharField()
    internal_reasoning = serializers.CharField()
    input_cache_read = serializers.CharField()
    input_cache_write = serializers.CharField()


class ModelTold(serializers.Serializer[Any]):
    """One model as one provider serves it."""

    id = serializers.CharField()
    name = serializers.CharField()
    created = serializers.IntegerField(help_text="Unix time.")
    description = serializers.CharField(allow_blank=True)
    architecture = Architecture()
    topProvider = TopProvider()
    pricing = Pricing()
    context_length = serializers.IntegerField()
    max_completion_tokens = serializers.IntegerField()
    per_request_limits = serializers.DictField()
    supported_parameters = _texts()


class ProviderTold(serializers.Serializer[Any]):
    """A provider and its models; `configured` tells whether there is a usable credential for it."""

    provider = serializers.CharField()
    configured = serializers.BooleanField()
    models = ModelTold(many=True)


class GroupsTold(serializers.Serializer[Any]):
    """Providers by what their models make."""

    text = ProviderTold(many=True)
    image = ProviderTold(many=True)
    embedding = ProviderTold(many=True, required=False)
    rerank = ProviderTold(many=True, required=False)


class GroupedCatalogue(Keyed):
    """The grouped catalogue."""

    powers = {"get": Power.SEE}
    asks = frozenset({"groups"})

    @tells(GroupsTold, name="list_grouped_models", asked=(_ASKED,), keys=True)
    def get(self, request: Request) -> Response:
        """List the models that whoever asks may call, grouped by output and provider, with their own prices."""
        asked = request.query_params.get("groups")
        if asked not in (None, _ALL):
            raise wrong("groups", f"{_ALL}, or leave it out.")
        found = _shelf(asker(request))
        caller, terms = found.customer()
        names = groups.EVERY if asked == _ALL else groups.USUAL
        return Response(groups.grouped(found, caller=caller, terms=terms, names=names))


def _shelf(who: Asker) -> Shelf:
    try:
        if who.caller is None:
            return buying.of(who.workspace)
        held = at_hand.current()
        return shelf(held.catalogue, held.register, who.caller)
    except (Failure, at_hand.Unsettled) as error:
        raise Refusal(503, "UNAVAILABLE", "The catalogue cannot be read right now.") from error
