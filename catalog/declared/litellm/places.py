"""Where the deployments of a configuration lead: providers, their endpoints, and the variables of their keys."""

import ipaddress
import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from genai_prices import Usage, calc_price

from catalog.declared.tree import Branch, Leaf
from catalog.declared.writing import Note
from catalog.houses import HOUSES, House, of_host
from kernel import addresses

from .config import Config, Deployment

__all__ = ["Place", "Places"]

_NO_KEYS = frozenset(
    {"", "none", "null", "empty", "anything", "dummy", "fake", "fake-key", "no-key", "not-needed"}
)
_NO_SECRETS_IN = re.compile(r"authorization|cookie|key|token|secret", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment leads: the endpoint as the file names it, the provider, and what the model is called there."""

    to: str
    house: House
    upstream: str


@dataclass
class _Account:
    house: House
    base_url: str
    key: str  # what tells accounts apart: a variable, or a secret that is in the configuration
    name: str
    variable: str
    in_clear: bool


@dataclass
class Places:
    """The accounts that were found so far, by the provider's slug."""

    config: Config
    _accounts: dict[str, list[_Account]] = field(default_factory=dict)
    _headers: dict[str, dict[str, str]] = field(default_factory=dict)
    _private: dict[str, bool] = field(default_factory=dict)

    def find(self, one: Deployment) -> Place | None:
        """Return where a deployment leads, or None after noting why it leads nowhere."""
        house, upstream = self._house(one)
        if house is None:
            return None
        address = self._address(one, house)
        if address is None:
            return None
        house, base_url, private = address
        account = self._account(one, house, base_url, private)
        self._take_headers(one, house)
        return Place(f"{house.slug}/{account.name}", house, upstream)

    def document(self) -> dict[str, Any]:
        """Return the providers as the file has them."""
        return {slug: self._provider(slug, accounts) for slug, accounts in sorted(self._accounts.items())}

    def _house(self, one: Deployment) -> tuple[House | None, str]:
        prefix, slash, rest = one.model.partition("/")
        named = self.config.text(one.params.get("custom_llm_provider"))
        if named:
            prefix, slash, rest = named, "/", one.model.removeprefix(f"{named}/")
        if slash and prefix in HOUSES:
            if prefix == "vertex_ai" and not rest.startswith("gemini"):
                self._nowhere(one, "of Vertex AI only Gemini is spoken to")
                return None, ""
            if prefix == "huggingface" and not self._base(one):
                self._nowhere(one, "Hugging Face's own service is not spoken to")
                return None, ""
            return HOUSES[prefix], rest
        if self._base(one):
            return HOUSES["custom_openai"], one.model
        known = _known_by_name(one.model) if not slash else None
        if known is None:
            self._nowhere(one, f"the provider {prefix if slash else one.model} is not known here")
        return known, one.model

    def _nowhere(self, one: Deployment, why: str) -> None:
        self.config.leave(one.params.get("model", one.node), why)

    def _base(self, one: Deployment) -> str:
        node = one.params.get("api_base") or one.params.get("base_url")
        return self.config.text(node).rstrip("/")

    def _address(self, one: Deployment, house: House) -> tuple[House, str, bool] | None:
        base = self._base(one)
        node = one.params.get("api_base") or one.params.get("base_url") or one.node
        if not base and house is HOUSES["vertex_ai"]:
            base = self._vertex(one)
        if not base:
            if self.config.variable(node):
                self.config.leave(
                    node, f"{self.config.variable(node)} is not set here, and an address is needed"
                )
                return None
            base = house.base_url
        elif house.ending and not base.endswith(house.ending):
            base += house.ending
        if not base:
            wanted = "a vertex_project" if house is HOUSES["vertex_ai"] else "an api_base"
            self.config.leave(one.node, f"{house.name or 'such a server'} needs {wanted}")
            return None
        if (urlsplit(base).hostname or "") == "0.0.0.0":
            self.config.say(node, "0.0.0.0 is nobody's address to call; 127.0.0.1 is written instead")
            base = base.replace("0.0.0.0", "127.0.0.1", 1)
        private = _private(base)
        if private is None:
            self.config.leave(node, "this is no address that may be called")
            return None
        return _settled(house, base, private), base, private

    def _vertex(self, one: Deployment) -> str:
        """Return the address of a project and its place, as LiteLLM takes them from parameters or the environment."""
        project, place = (
            self.config.text(one.params.get(f"vertex_{name}"))
            or self.config.environment.get(f"VERTEXAI_{name.upper()}", "")
            for name in ("project", "location")
        )
        place = place or "us-central1"
        host = "aiplatform.googleapis.com" if place == "global" else f"{place}-aiplatform.googleapis.com"
        where = f"projects/{project}/locations/{place}/publishers/google"
        return f"https://{host}/v1/{where}" if project else ""

    def _account(self, one: Deployment, house: House, base_url: str, private: bool) -> _Account:
        node = one.params.get("vertex_credentials" if house is HOUSES["vertex_ai"] else "api_key")
        variable, secret = self.config.variable(node), ""
        if not variable and self.config.text(node).lower() not in _NO_KEYS:
            secret = self.config.text(node)
        if not variable and not secret and not house.own:
            variable = house.variable
        known = self._accounts.setdefault(house.slug, [])
        self._private[house.slug] = self._private.get(house.slug, False) or private
        for account in known:
            if (account.base_url, account.key) == (base_url, variable or secret):
                return account
        account = _Account(
            house=house,
            base_url=base_url,
            key=variable or secret,
            name=_free_name(known, variable, base_url),
            variable=variable or (self._free_variable(house) if secret else ""),
            in_clear=bool(secret),
        )
        known.append(account)
        if secret and node is not None:
            self.config.leave(node, f"a secret in clear; put it in the variable {account.variable}")
        return account

    def _free_variable(self, house: House) -> str:
        usual = house.variable or f"{house.slug.upper().replace('-', '_')}_API_KEY"
        taken = {account.variable for accounts in self._accounts.values() for account in accounts}
        numbered = (f"{usual}_{number}" for number in range(2, len(taken) + 3))
        return next(name for name in (usual, *numbered) if name not in taken)

    def _take_headers(self, one: Deployment, house: House) -> None:
        node = one.params.get("extra_headers") or one.params.get("headers")
        if not isinstance(node, Branch):
            return
        mine = self._headers.setdefault(house.slug, {})
        for name, value in node.items.items():
            text = value.text if isinstance(value, Leaf) else ""
            if _NO_SECRETS_IN.search(name) or self.config.variable(value):
                self.config.leave(
                    value, "it may be a secret; a provider's headers are sent with every call and shown"
                )
            elif mine.setdefault(name, text) != text:
                self.config.leave(value, "headers are a provider's, and another deployment has another value")

    def _provider(self, slug: str, accounts: list[_Account]) -> dict[str, Any]:
        house = accounts[0].house
        return {
            "name": house.name,
            "dialect": house.dialect,
            "reasoning": house.reasoning,
            "developer_role": house.developer_role,
            "private": self._private[slug],
            **({"headers": self._headers[slug]} if self._headers.get(slug) else {}),
            "endpoints": {account.name: _endpoint(account) for account in accounts},
        }


def _endpoint(account: _Account) -> dict[str, Any]:
    if not account.variable:
        return {"base_url": account.base_url, "needs_credential": False}
    note = {"#clear": Note("the configuration has this secret in clear")} if account.in_clear else {}
    return {"base_url": account.base_url, **note, "credential": f"env:{account.variable}"}


def _settled(house: House, base_url: str, private: bool) -> House:
    """Return the provider that answers at an address: the prefix's, or one named for the host."""
    host = urlsplit(base_url).hostname or ""
    usual = urlsplit(house.base_url).hostname
    if house.own or house in (HOUSES["azure"], HOUSES["vertex_ai"]) or host == usual:
        return house
    known = of_host(host)
    if known is not None and known.dialect == house.dialect:
        return known
    slug = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")
    return replace(
        house if house.dialect != "openai" else House(slug="", name=""),
        slug=slug[-32:].strip("-"),
        name=host[:64],
        base_url=base_url,
        variable="",
        own=private,
        priced="",
    )


def _private(base_url: str) -> bool | None:
    for private in (False, True):
        try:
            addresses.check_url(base_url, private=private)
        except addresses.RefusedAddress:
            continue
        return private
    return None


def _known_by_name(model: str) -> House | None:
    """Return the provider that a model's name alone belongs to; most of those are OpenAI's."""
    for provider in (None, "openai"):
        try:
            found = calc_price(Usage(input_tokens=1), model, provider_id=provider).provider.id
        except LookupError:
            continue
        return next((house for house in HOUSES.values() if house.priced == found), None)
    return None


def _free_name(known: list[_Account], variable: str, base_url: str) -> str:
    """Return "default" for a provider's first endpoint, else a name after its host or its variable."""
    taken = {account.name for account in known}
    host = urlsplit(base_url).hostname or ""
    others = {urlsplit(account.base_url).hostname for account in known}
    own = host if _is_ip(host) else host.partition(".")[0]
    wish = own if host not in others else re.sub(r"[^a-z0-9]+", "-", variable.lower()).strip("-") or own
    numbered = (f"{wish}-{number}"[-64:] for number in range(2, len(taken) + 3))
    return next(name for name in ("default", wish[:64], *numbered) if name and name not in taken)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
