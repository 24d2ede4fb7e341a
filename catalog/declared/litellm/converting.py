"""From LiteLLM's configuration to a catalogue file: models with their facts, chains and prices."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.checks import SERVED
from catalog.declared import shape
from catalog.declared.writing import Note, write

from . import routes
from .config import Config, Deployment, load
from .costs import NOT_FACTS, Cost, cost
from .places import Places
from .routes import Stop

__all__ = ["Converted", "convert"]

HEADING = """\
Made from a configuration of LiteLLM's proxy by `manage.py catalog import-litellm`. Look it over, above all
tiers, limits that are marked as assumed, and prices: LiteLLM knows what a model costs, and it is sold at
that here until you say otherwise. Then `manage.py catalog apply --dry-run FILE`."""
SOURCE = "LiteLLM configuration"
_MODES = {
    "chat": "chat",
    "completion": "chat",
    "responses": "chat",
    "embedding": "embedding",
    "rerank": "rerank",
    "image_generation": "image",
}
_PARAMS = frozenset(
    (
        *("model", "api_base", "base_url", "api_key", "custom_llm_provider", "weight", "order"),
        *("timeout", "stream_timeout", "extra_headers", "headers"),
        *("vertex_project", "vertex_location", "vertex_credentials"),
    )
)
_INFO = frozenset(
    (
        *("id", "mode", "base_model", "max_tokens", "max_input_tokens", "max_output_tokens"),
        *("supports_function_calling", "supports_vision", "supports_audio_input", "supports_pdf_input"),
        *("supports_reasoning", "description"),
    )
)
_CHAT = ("max_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty")
_TOOLS = ("tools", "tool_choice", "parallel_tool_calls")
_REASONING = ("reasoning", "reasoning_effort", "include_reasoning")
# Small enough for any model, where nothing is known.
_ASSUMED_CONTEXT, _ASSUMED_OUTPUT = 8192, 4096


@dataclass(frozen=True, slots=True)
class Converted:
    """The file's text, and a line for everything that is not carried over or was assumed."""

    text: str
    left: tuple[str, ...]


def convert(text: str, environment: Mapping[str, str], *, tier: str, moment: datetime) -> Converted:
    """Turn a configuration into a catalogue file whose models stand on a tier. Raises Refused if it is none.

    `moment` (UTC) is that whose prices are looked up.
    """
    config = load(text, environment)
    places = Places(config)
    groups: dict[str, list[Stop]] = defaultdict(list)
    for one in config.deployments:
        capability = _capability(config, one)
        place = places.find(one) if capability else None
        if place and capability not in SERVED.get(place.house.dialect, (capability,)):
            config.leave(one.node, f"{place.house.name} is not asked for {capability} here")
        elif place:
            groups[one.name].append(Stop(one, place, capability))
            _leave_the_rest(config, one)
    models = _models(config, groups, tier, moment)
    document = {"tollway": shape.VERSION, "providers": places.document(), "models": models}
    written = write(document, heading=HEADING)
    lines = [f"line {line}: {said}" for line, said in sorted(set(config.left))]
    return Converted(written, tuple(lines))


def _models(
    config: Config, groups: Mapping[str, Sequence[Stop]], tier: str, moment: datetime
) -> dict[str, Any]:
    aliases: dict[str, list[str]] = defaultdict(list)
    for alias, (node, aim) in config.aliases.items():
        if alias in groups or aim not in groups:
            config.leave(
                node, f"{alias} is a model itself" if alias in groups else f"{aim} is not carried over"
            )
        else:
            aliases[aim].append(alias)
    models: dict[str, Any] = {}
    for name, stops in groups.items():
        public_id = _public_id(name)
        if public_id in models:
            config.leave(stops[0].one.node, f"another model has the id {public_id} already")
            continue
        models[public_id] = _model(config, groups, name, aliases[name], tier, moment)
    return models


def _model(
    config: Config,
    groups: Mapping[str, Sequence[Stop]],
    name: str,
    aliases: Sequence[str],
    tier: str,
    moment: datetime,
) -> dict[str, Any]:
    kind = groups[name][0].capability
    same = [stop for stop in groups[name] if stop.capability == kind]
    for stop in groups[name]:
        if stop not in same:
            config.leave(stop.one.node, f"{name} is for {kind}, and this is not")
    hops = routes.chain(config, same, routes.followers(config, name, groups, kind))
    first = hops[0][0]
    if any(stop.one.name != name for stop, _ in hops):
        config.say(
            first.one.node, f"falls back to other models, whose answers are sold as {_public_id(name)}"
        )
    costs = _costs(config, [stop for stop, _ in hops], kind, moment)
    sell = costs.get(first.place.house.slug) or next(iter(costs.values()), None)
    if sell is None:
        config.say(first.one.node, "no price is known, so it is switched off; add `sell` and switch it on")
    return {
        "name": name[:128],
        **({"aliases": list(aliases)} if aliases else {}),
        "author": _author(first),
        **_described(config, first),
        "capability": first.capability,
        "tier": tier,
        **_limits(config, first, sell),
        **_abilities(config, first),
        "active": sell is not None,
        "source": SOURCE,
        "chain": [hop for _, hop in hops],
        **({"sell": [_price(sell)]} if sell else {"#sell": Note("sell: no price is known")}),
        **({"costs": {slug: [_price(each)] for slug, each in costs.items()}} if costs else {}),
    }


def _costs(config: Config, stops: Sequence[Stop], capability: str, moment: datetime) -> dict[str, Cost]:
    """Return what each provider of a chain charges: by its first hop, for it has one cost for a model."""
    costs = [(stop, cost(config, stop.one, stop.place, capability, moment)) for stop in stops]
    priced = {stop.place.house.slug for stop, one in costs if one is not None}
    found: dict[str, Cost] = {}
    for stop, one in costs:
        slug = stop.place.house.slug
        if one is None and slug in priced:
            continue
        if one is None:
            config.say(
                stop.one.node, f"what {stop.place.house.name} charges for {stop.place.upstream} is not known"
            )
        elif found.setdefault(slug, one).rates != one.rates:
            config.say(
                stop.one.node,
                f"{stop.place.house.name} has another cost in this chain, which is kept instead",
            )
    return found


def _price(one: Cost) -> dict[str, Any]:
    return {"source": one.source[:200], "rates": dict(one.rates)}


def _limits(config: Config, stop: Stop, sell: Cost | None) -> dict[str, Any]:
    info = stop.one.info
    told = config.number(info.get("max_input_tokens"))
    output = config.number(info.get("max_output_tokens")) or config.number(info.get("max_tokens"))
    context = int(told) if told else sell.context if sell else None
    limits: dict[str, Any] = {}
    if context is None:
        context = max(_ASSUMED_CONTEXT, int(output or 0))
        limits["#context"] = Note("assumed: neither the configuration nor genai-prices says it")
        config.say(stop.one.node, f"a context of {context} tokens is assumed")
    limits["context_length"] = context
    most = min(int(output or _ASSUMED_OUTPUT), context)
    if not output and stop.capability == "chat":
        limits["#output"] = Note("assumed: the configuration does not say it")
        config.say(stop.one.node, f"at most {most} tokens of output are assumed")
    limits["max_output_tokens"] = most
    return limits


def _abilities(config: Config, stop: Stop) -> dict[str, Any]:
    info = stop.one.info

    def has(name: str) -> bool:
        return config.text(info.get(name)).lower() == "true"

    takes = ["text"]
    takes += [
        kind
        for kind, name in (("image", "vision"), ("audio", "audio_input"), ("file", "pdf_input"))
        if has(f"supports_{name}")
    ]
    parameters: list[str] = []
    if stop.capability == "chat":
        tools = config.text(info.get("supports_function_calling")).lower() != "false"
        parameters = [*_CHAT, "response_format", *(_TOOLS if tools else ())]
        parameters += _REASONING if has("supports_reasoning") else ()
    gives = {"chat": ["text"], "image": ["image"]}.get(stop.capability, [])
    return {"input_modalities": takes, "output_modalities": gives, "supported_parameters": parameters}


def _capability(config: Config, one: Deployment) -> str:
    mode = config.text(one.info.get("mode")) or _mode_by_name(one.model)
    if mode not in _MODES:
        config.leave(one.info.get("mode", one.node), f"{mode} is nothing that is sold here")
    return _MODES.get(mode, "")


def _mode_by_name(model: str) -> str:
    if re.search(r"embed", model, re.IGNORECASE):
        return "embedding"
    if re.search(r"rerank", model, re.IGNORECASE):
        return "rerank"
    return "image_generation" if re.search(r"dall-e|gpt-image|imagen", model, re.IGNORECASE) else "chat"


def _leave_the_rest(config: Config, one: Deployment) -> None:
    for name, node in one.params.items():
        if name not in _PARAMS and not NOT_FACTS.fullmatch(name):
            config.leave(node)
    for name, node in one.info.items():
        if name not in _INFO and not NOT_FACTS.fullmatch(name):
            config.leave(node)


def _described(config: Config, stop: Stop) -> dict[str, Any]:
    text = config.text(stop.one.info.get("description"))
    return {"description": text} if text else {}


def _author(stop: Stop) -> str:
    author, slash, _ = stop.place.upstream.partition("/")
    return (author if slash and author else stop.place.house.slug)[:64]


def _public_id(name: str) -> str:
    """Return the id of a model: as it is with an author, else below route/, which callers may leave out."""
    plain = re.sub(r"\s+", "-", name)
    return (plain if "/" in plain else f"route/{plain}")[:128]
