"""Another try, when the refusal says to make it: a client that listens to Retry-After is served."""

import math
import threading
import time

import openai
import pytest

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")
A_MINUTE = 60


def test_of_an_sdk_gets_the_slot_that_became_free(gateway: Gateway, sandbox: str) -> None:
    who, slow, quick = customer(stream_cap=1), model((sandbox, "slow")), model((sandbox, "words"))
    gateway.knows(who.secret, slow, quick)
    with gateway.streaming(who.secret, slow) as taken:
        threading.Timer(0.5, taken.shutdown, [2]).start()
        with (
            openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=2, timeout=20) as client,
            client.chat.completions.create(
                model=quick, messages=[{"role": "user", "content": "What is a limit?"}], stream=True
            ) as stream,
        ):
            assert [chunk.choices[0].finish_reason for chunk in stream if chunk.choices][-1] == "stop"


def test_is_told_to_the_second(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(minute_cap=1), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    while True:
        began = time.time()
        statuses = [gateway.chat(who.secret, name) for _ in range(2)]
        ended = time.time()
        if began // A_MINUTE == ended // A_MINUTE:  # else the second was of another minute, and let in
            break
    assert [each.status for each in statuses] == [200, 429]
    wait = int(statuses[1].headers["retry-after"])
    assert math.ceil(A_MINUTE - ended % A_MINUTE) <= wait <= math.ceil(A_MINUTE - began % A_MINUTE)
