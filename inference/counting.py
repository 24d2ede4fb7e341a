"""The walk of a request that only wants its prompt counted: nothing is sent, held, or charged."""

import asyncio

import orjson

from . import answers, auth, deal
from .answers import JSON, Answer
from .arrival import Arrival
from .dialects.messages import MESSAGES, asking
from .process import Process

__all__ = ["message_tokens"]


async def message_tokens(process: Process, request: Arrival) -> Answer:
    """Answer with the tokens that a message's prompt has, also where they are too many for its model.

    Raises Failure for a credential, a body or a model that is not good.
    """
    caller = await auth.caller(process.directory, request)
    ask = asking.read_for_counting(request.raw)
    deal.strike(process.catalogue, process.signs, caller, ask, MESSAGES)
    # A thread, as this costs the caller nothing: a prompt of many megabytes must not hold up others' streams.
    number = await asyncio.to_thread(asking.prompt_tokens, ask)
    body = orjson.dumps({"input_tokens": number})
    return Answer(200, [JSON, *answers.standing(request)], body)
