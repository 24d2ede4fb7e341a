"""What agents find by themselves: pages as Markdown, their lists, and opencode's configuration."""

import re

import pytest
from django.test import Client

from config.guide import shelf
from tests.config.examples import examples

pytestmark = pytest.mark.django_db
SITE = "http://testserver"
SLUGS = [entry.slug for entry in shelf.entries()]
LINK = re.compile(rf"\]\({SITE}(?P<path>/[^)#\s]*)[^)]*\)")


@pytest.fixture(autouse=True)
def house(demo_anew: None) -> None:
    """Have the demo's models, which pages name."""


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_is_there_as_markdown_with_this_address(client: Client, slug: str) -> None:
    answer = client.get(f"/docs/{slug}.md")
    text = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/markdown; charset=utf-8")
    assert text.startswith("# ")
    assert "tollway.example" not in text
    assert f'href="/docs/{slug}.md"' in client.get(f"/docs/{slug}").content.decode()


def test_a_page_that_is_not_there_is_404(client: Client) -> None:
    assert client.get("/docs/nothing-of-the-kind.md").status_code == 404


@pytest.mark.parametrize("path", ["/llms.txt", "/llms-full.txt", *(f"/docs/{slug}.md" for slug in SLUGS)])
def test_every_link_to_this_site_leads_somewhere(client: Client, path: str) -> None:
    led = {found["path"] for found in LINK.finditer(client.get(path).content.decode())}
    # What /v1 answers is not Django's; its own tests ask for it.
    lost = [each for each in led if not each.startswith("/v1/") and client.get(each).status_code != 200]
    assert lost == []


def test_the_list_names_every_page_with_what_it_tells(client: Client) -> None:
    text = client.get("/llms.txt").content.decode()
    assert text.startswith("# Tollway\n\n> ")
    for entry in shelf.entries():
        assert f"({SITE}/docs/{entry.slug}.md): {entry.summary}" in text


def test_all_in_one_holds_every_example_of_the_guide(client: Client) -> None:
    text = client.get("/llms-full.txt").content.decode()
    first_lines = [
        each.code.splitlines()[0] for each in examples() if "tollway" not in each.code.splitlines()[0]
    ]
    assert first_lines
    assert [line for line in first_lines if line not in text] == []


def test_opencode_is_told_every_chat_model_and_how_to_call_it(client: Client) -> None:
    told = client.get("/.well-known/opencode").json()
    provider = told["config"]["provider"]["tollway"]
    assert provider["options"] == {"baseURL": f"{SITE}/v1", "apiKey": "{env:TOLLWAY_API_KEY}"}
    assert told["auth"]["env"] == "TOLLWAY_API_KEY"
    model = provider["models"]["route/deepseek-v3.2"]
    assert model["tool_call"] is True
    assert model["limit"] == {"context": 163840, "output": 163840}
    assert model["cost"]["input"] > 0
    assert model["modalities"] == {"input": ["text"], "output": ["text"]}
    assert not [name for name in provider["models"] if "embed" in name or "rerank" in name]


def test_anybody_may_keep_them_for_minutes(client: Client) -> None:
    for path in ("/llms.txt", "/llms-full.txt", "/docs/quickstart.md", "/.well-known/opencode"):
        assert client.get(path)["Cache-Control"] == "public, max-age=300"
