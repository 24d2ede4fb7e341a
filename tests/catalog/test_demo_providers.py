"""The providers that the demo has ready."""

from pathlib import Path

import pytest

from catalog import demo
from catalog.demo.providers import PROVIDERS
from catalog.demo.rows import models
from catalog.models import Endpoint, Provider
from inference.adapters.registry import adapter_for

PAGE = Path(__file__).resolve().parents[2] / "docs" / "upstreams.md"
NAMED = """openai anthropic gemini vertex openrouter crof chutes opencode minimax zai mistral deepseek groq together
ollama vllm"""
HOUSES = {house.slug: house for house in PROVIDERS}


def test_are_all_that_were_promised() -> None:
    assert set(NAMED.split()) <= HOUSES.keys()


@pytest.mark.django_db
def test_become_rows_as_they_are_written() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    for house in PROVIDERS[1:]:
        provider = Provider.objects.get(slug=house.slug)
        found = (provider.dialect, provider.reasoning, provider.developer_role, provider.private)
        assert found == (house.dialect, house.reasoning, house.developer_role, house.private), house.slug
        assert Endpoint.objects.get(provider=provider).base_url == house.base_url


@pytest.mark.parametrize("slug", sorted(HOUSES))
def test_speak_a_dialect_that_is_spoken_here(slug: str) -> None:
    assert adapter_for(HOUSES[slug].dialect)


@pytest.mark.parametrize("slug", ["ollama", "vllm"])
def test_of_ones_own_need_no_key_and_may_be_close(slug: str) -> None:
    assert (HOUSES[slug].needs_credential, HOUSES[slug].private) == (False, True)


@pytest.mark.parametrize("slug", sorted(HOUSES.keys() - {"sandbox", "ollama", "vllm"}))
def test_elsewhere_need_a_key_and_are_never_close(slug: str) -> None:
    house = HOUSES[slug]
    assert (house.needs_credential, house.private) == (True, False)
    assert not house.base_url or house.base_url.startswith("https://")


def test_serve_no_model_that_their_dialect_has_no_word_for() -> None:
    for row in models():
        dialects = {HOUSES[hop.partition(":")[0]].dialect for hop in row.hops}
        if "gemini" in dialects:
            assert row.capability in ("chat", "embedding"), row.public_id
        if "anthropic" in dialects:
            assert row.capability == "chat", row.public_id


@pytest.mark.parametrize("slug", sorted(NAMED.split()))
def test_stand_in_the_table_of_their_page(slug: str) -> None:
    (line,) = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{slug}` |")]
    house = HOUSES[slug]
    assert f"| {house.dialect} |" in line
    assert house.base_url in line
    assert all(f"`{name}`" in line for name in house.variables)
