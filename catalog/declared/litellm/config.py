"""How a LiteLLM configuration is read: its deployments and routes, values from the environment, and what is left out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from catalog.declared.tree import Branch, Leaf, Node, Problems, Refused, Twigs, parse

__all__ = ["Config", "Deployment", "load"]

_VARIABLE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+([eE][+-]?[0-9]{1,3})?", re.ASCII)
_SECTIONS = ("model_list", "credential_list", "router_settings", "litellm_settings")
_ROUTES = ("fallbacks", "default_fallbacks", "model_group_alias")
_WHY = {
    "rpm": "a limit at the provider; it only shares the load here, where no weight does",
    "tpm": "a limit at the provider; it only shares the load here, where no weight does",
    "max_parallel_requests": "a limit at the provider",
    "api_version": "the address of Azure's version 1 needs none",
    "num_retries": "retries are a rule of the gateway",
    "retry_policy": "retries are a rule of the gateway",
    "allowed_fails": "the breaker is a rule of the gateway",
    "cooldown_time": "the breaker is a rule of the gateway",
    "timeout": "waits are set for each endpoint and hop",
    "request_timeout": "waits are set for each endpoint and hop",
    "stream_timeout": "waits are set for each endpoint and hop",
    "context_window_fallbacks": "a prompt that does not fit is refused before anything is sent",
    "content_policy_fallbacks": "a refusal of content is an answer, and no failure",
    "routing_strategy": "chains are ordered, and hops with a weight share the load",
    "callbacks": "calls are not sent to other services",
    "success_callback": "calls are not sent to other services",
    "failure_callback": "calls are not sent to other services",
    "service_callback": "calls are not sent to other services",
    "cache": "answers are not kept",
    "cache_params": "answers are not kept",
    "master_key": "callers' keys are made here",
    "database_url": "it is a setting of the deployment",
    "guardrails": "there are no guardrails",
    "include": "other files are not read",
    "organization": "an endpoint is an account; make one for each organization",
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """An entry of model_list: the name callers send, its parameters and what is said of the model."""

    node: Node
    name: str
    model: str
    params: Mapping[str, Node]
    info: Mapping[str, Node]


@dataclass
class Config:
    """A configuration, the environment it is read in, and a line for everything that is not carried over."""

    environment: Mapping[str, str]
    deployments: list[Deployment] = field(default_factory=list)
    credentials: dict[str, Mapping[str, Node]] = field(default_factory=dict)
    fallbacks: list[tuple[Node, str, tuple[str, ...]]] = field(default_factory=list)
    aliases: dict[str, tuple[Node, str]] = field(default_factory=dict)
    left: list[tuple[int, str]] = field(default_factory=list)

    def leave(self, node: Node, why: str = "") -> None:
        """Note that something is not carried over; its value is never repeated, for it may be a secret."""
        name = node.path.rpartition(".")[2]
        said = why or _WHY.get(name, "")
        self.left.append((node.line, f"{node.path}: not carried over{': ' if said else ''}{said}"))

    def say(self, node: Node, text: str) -> None:
        """Note how something was carried over that could be taken otherwise."""
        self.left.append((node.line, f"{node.path}: {text}"))

    def text(self, node: Node | None) -> str:
        """Return a text, from the environment where the configuration says so; nothing where there is none."""
        if not isinstance(node, Leaf) or node.kind == "null":
            return ""
        name = self.variable(node)
        return self.environment.get(name, "") if name else node.text.strip()

    def variable(self, node: Node | None) -> str:
        """Return the variable that a value is taken from, or nothing."""
        matched = _VARIABLE.fullmatch(node.text.strip()) if isinstance(node, Leaf) else None
        return matched[1] if matched else ""

    def number(self, node: Node | None) -> Decimal | None:
        """Return a number of zero or more exactly as it is written, or None where there is none."""
        text = self.text(node)
        try:
            return Decimal(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else None
        except InvalidOperation:
            return None


def load(text: str, environment: Mapping[str, str]) -> Config:
    """Read a configuration. Raises Refused for what is no YAML, or has no model_list."""
    problems = Problems()
    root = parse(text, problems)
    problems.raise_any()
    sections = root.items if isinstance(root, Branch) else {}
    if root is not None and not isinstance(sections.get("model_list"), Twigs):
        problems.add(root, "this is no configuration of LiteLLM's proxy: it has no model_list")
        raise Refused(problems.found)
    config = Config(environment)
    for name, node in sections.items():
        if name not in _SECTIONS:
            _leave_section(config, node)
    config.credentials = dict(_credentials(config, sections.get("credential_list")))
    config.deployments = list(_deployments(config, sections["model_list"]))
    for name in ("router_settings", "litellm_settings"):
        _routes(config, sections.get(name))
    return config


def _leave_section(config: Config, node: Node) -> None:
    if isinstance(node, Branch) and node.items and node.path != "environment_variables":
        for inner in node.items.values():
            config.leave(inner)
    else:
        config.leave(node)


def _credentials(config: Config, node: Node | None) -> Iterator[tuple[str, Mapping[str, Node]]]:
    for item in _items(node):
        inside = _branch(item)
        values = _branch(inside.get("credential_values"))
        yield config.text(inside.get("credential_name")), values
        for name, value in inside.items():
            if name not in ("credential_name", "credential_values"):
                config.leave(value)


def _deployments(config: Config, node: Node) -> Iterator[Deployment]:
    for item in _items(node):
        inside = _branch(item)
        params = dict(_branch(inside.get("litellm_params")))
        shared = params.pop("litellm_credential_name", None)
        if shared is not None:
            params = {**config.credentials.get(config.text(shared), {}), **params}
        # Some write the limits beside litellm_params instead of in it.
        params = {**{name: inside[name] for name in ("rpm", "tpm") if name in inside}, **params}
        name, model = config.text(inside.get("model_name")), config.text(params.get("model"))
        for key, value in inside.items():
            if key not in ("model_name", "litellm_params", "model_info", "rpm", "tpm"):
                config.leave(value)
        if "*" in name or "*" in model:
            config.leave(item, "a wildcard route; name each model that is sold")
        elif not name or not model:
            config.leave(item, "it lacks model_name or litellm_params.model")
        else:
            yield Deployment(item, name, model, params, _branch(inside.get("model_info")))


def _routes(config: Config, node: Node | None) -> None:
    section = _branch(node)
    for name, inner in section.items():
        if name in ("fallbacks", "default_fallbacks"):
            config.fallbacks += _fallbacks(config, inner)
        elif name == "model_group_alias":
            for alias, aim in _branch(inner).items():
                target = _branch(aim).get("model", aim)
                config.aliases[alias] = (aim, config.text(target))
        elif not (name == "routing_strategy" and config.text(inner) == "simple-shuffle"):
            _leave_section(config, inner) if name == "guardrails" else config.leave(inner)


def _fallbacks(config: Config, node: Node) -> Iterator[tuple[Node, str, tuple[str, ...]]]:
    """Yield from which model to which others, `*` for every model without its own."""
    for item in _items(node):
        if isinstance(item, Leaf):  # default_fallbacks
            yield node, "*", tuple(config.text(each) for each in _items(node))
            return
        for name, aims in _branch(item).items():
            plain = [aim for aim in _items(aims) if isinstance(aim, Leaf)]
            for aim in _items(aims):
                if not isinstance(aim, Leaf):
                    config.leave(aim, "a fallback with messages or parameters of its own")
            yield aims, name, tuple(config.text(aim) for aim in plain)


def _items(node: Node | None) -> Iterable[Node]:
    return node.items if isinstance(node, Twigs) else ()


def _branch(node: Node | None) -> Mapping[str, Node]:
    return node.items if isinstance(node, Branch) else {}
