"""Answers of the running gateway, held to its own description by Schemathesis; `make schema` sends far more."""

from pathlib import Path

import pytest

from accounts import tokens
from tests.fakes.gateway import Gateway
from tests.schema.running import callers, run

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(400)]

FEW = ["--phases", "examples,fuzzing", "--max-examples", "8", "--generation-deterministic"]
LEAST_REQUESTS = 300
LONG_S = 3600
SITE = ["--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--generation-deterministic"]


def test_v1_answers_as_it_says(
    gateway: Gateway, sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "ACCESS_SECONDS", LONG_S)
    who = callers(gateway, sandbox)
    outcome = run(f"{gateway.base_url}/openapi.json", who, FEW, folder=tmp_path)
    assert not outcome.wrong
    # Requests that were all turned away at the door would prove nothing.
    assert outcome.requests > LEAST_REQUESTS
    assert outcome.by_status["200"] > outcome.requests / 4


def test_the_site_answers_as_it_says(gateway: Gateway, sandbox: str, tmp_path: Path) -> None:
    who = callers(gateway, sandbox)
    outcome = run(f"{gateway.base_url.removesuffix('/v1')}/api/schema", who, SITE, folder=tmp_path)
    assert not outcome.wrong
    assert outcome.by_status["200"]
