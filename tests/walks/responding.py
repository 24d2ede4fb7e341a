"""Asking for responses over HTTP: with OpenAI's client, and byte by byte."""

import json
from typing import Any

import openai

from tests.fakes.caller import Heard, call
from tests.fakes.cast import Customer
from tests.fakes.gateway import Gateway


def sdk(gateway: Gateway, who: Customer) -> openai.OpenAI:
    """OpenAI's client, which sends every request once."""
    return openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=20)


def respond(gateway: Gateway, secret: str, **body: Any) -> Heard:
    """Ask for a response to a short input unless the body says otherwise."""
    headers = {"X-API-Key": secret, "Accept": "application/json"}
    return call(gateway.base_url, "/responses", {"input": "Hi", **body}, headers=headers, patience_s=20)


def last(heard: Heard) -> dict[str, Any]:
    """The last event of a stream whose events have names."""
    lines = heard.body.decode().splitlines()
    found: dict[str, Any] = json.loads([line for line in lines if line.startswith("data: {")][-1][6:])
    return found
