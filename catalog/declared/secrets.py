"""What the file may say of secrets: the variables that hold an endpoint's keys, and never a character of one."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from catalog import credentials, endpoint_keys
from catalog.demo.providers import PROVIDERS
from catalog.models import Endpoint, EndpointKey

from . import book
from .run import Run
from .writing import Note

__all__ = ["DEFAULT", "give", "told", "usual_variable"]

DEFAULT = "default"  # the key that is meant where none is named


def give(run: Run, endpoint: Endpoint | None, stated: book.Secret) -> None:
    """Seal what a variable holds as a key of an endpoint, if it is not that already; note why that cannot be."""
    secret = run.environment.get(stated.variable, "")
    if not secret:
        run.problems.add(stated.node, f"the variable {stated.variable} is not set here")
        return
    if endpoint is None:  # was refused itself
        return
    known = endpoint.keys.filter(name=stated.key).first()
    if known is not None and _opened(known) == secret:
        return
    key = known or EndpointKey(endpoint=endpoint, name=stated.key)
    try:
        endpoint_keys.put_secret(key, secret)
    except ValidationError as error:
        run.problems.add(stated.node, f"{stated.variable} holds no key: {' '.join(error.messages)}")
        return
    key.save()
    if known is None:
        run.added(stated.node, f"taken from {stated.variable}")
    else:
        run.changed(stated.node, f"replaced by what {stated.variable} holds")


def told(endpoint: Endpoint, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the file says of an endpoint's keys.

    A variable that holds a key here is named for it. Else the usual one is, in a comment: applying the file must not
    replace a key by whatever a variable happens to hold.
    """
    names: dict[str, str] = {}
    notes: dict[str, Any] = {}
    for key in sorted(endpoint.keys.all(), key=lambda key: (key.name != DEFAULT, key.name)):
        secret = _opened(key)
        guesses = _variables(endpoint.provider.slug, key.name)
        held = [name for name in guesses if secret and environment.get(name) == secret]
        if held:
            names[key.name] = f"env:{held[0]}"
        else:
            said = "" if key.name == DEFAULT else f" under the name {key.name}"
            notes[f"#{key.name}"] = Note(
                f"credential: env:{guesses[0]}  (a key is kept{said}; here this variable does not hold it)"
            )
    if not names:
        return notes
    return {"credential": names[DEFAULT] if list(names) == [DEFAULT] else names, **notes}


def usual_variable(provider: str) -> str:
    """Return the variable that usually holds a provider's key, such as OPENAI_API_KEY."""
    return _variables(provider, DEFAULT)[0]


def _variables(provider: str, key: str) -> list[str]:
    own = f"{provider.upper().replace('-', '_')}_API_KEY"
    usual = {house.slug: house.variables for house in PROVIDERS}.get(provider) or (own,)
    if key == DEFAULT:
        return list(usual)
    ending = "".join(letter if letter.isalnum() else "_" for letter in key.upper())
    return [f"{name}_{ending}" for name in usual]


def _opened(key: EndpointKey) -> str:
    """Return a key's secret, nothing for one that was sealed with a key of ours that is gone."""
    try:
        return credentials.decrypt(bytes(key.sealed))
    except credentials.Unreadable:
        return ""
