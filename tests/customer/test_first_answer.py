"""A newcomer who knows nothing but the address has a first answer from curl, by what pages say and nothing else."""

import re
import secrets
import shutil
import sys

import pytest

from tests.customer.newcomer import Newcomer
from tests.customer.town import Town

pytestmark = pytest.mark.timeout(240)


def test_the_way_from_the_address_to_a_first_answer(town: Town) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed (Debian: apt-get install curl)")
    email = f"{secrets.token_hex(6)}@newcomer.example"
    newcomer = Newcomer(town.address, email, lambda: town.letter(email))
    arrived = newcomer.arrives()
    assert re.fullmatch(r"rk_[0-9a-f]{64}", arrived.secret)
    assert f"{town.address}/v1/chat/completions" in arrived.command
    assert arrived.answer["choices"][0]["message"]["content"]
    assert float(arrived.answer["usage"]["cost"]) == 0  # the plan for new people asks for no card
    shown_later = newcomer.sees("/dashboard/keys")
    assert arrived.secret not in shown_later
    assert arrived.secret[-4:] in shown_later
    lines = [f"{seconds:7.2f} s  {step}" for step, seconds in arrived.steps]
    sys.stdout.write("\n".join(["from the address to an answer:", *lines, ""]))
