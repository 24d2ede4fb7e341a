"""The pages for developers: all of them there, linked soundly, with the reader's own address and key."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from accounts import keys
from accounts.models import Workspace
from config.guide import rendering, shelf, tables
from config.guide.shelf import Entry
from inference.desk.charges import RULE
from inference.errors import TABLE
from tests.billing import rows
from tests.config.examples import Example, examples
from tests.fakes.signed_in import signed_in

SLUGS = [entry.slug for entry in shelf.entries()]
PARSERS: dict[str, Callable[[str], Any]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
DECLARED = [example for example in examples() if example.language in PARSERS]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of documents of its own; its one page is written by the test."""
    monkeypatch.setattr(shelf, "folder", lambda: tmp_path)
    rendering.page.cache_clear()
    return tmp_path / "x.md"


def page_of(document: Path, text: str) -> rendering.Page:
    document.write_text(text)
    return rendering.page(Entry(f"x{len(text)}", "", "x.md"))


def reader(workspace: Workspace) -> Client:
    client = Client()
    client.force_login(signed_in(workspace).user)
    return client


def new_workspace() -> Workspace:
    return Workspace.objects.select_related("plan_version").get(pk=rows.workspace())


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/docs/", *(f"/docs/{slug}" for slug in SLUGS)])
def test_shows_every_page_to_anybody_with_the_address_it_was_asked_at(client: Client, path: str) -> None:
    answer = client.get(path)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "tollway.example" not in page
    assert "<!--" not in page.partition("<main")[2]
    if "TOLLWAY_API_KEY" in page:
        assert "http://testserver" in page


@pytest.mark.django_db
def test_has_no_other_page_and_takes_nothing(client: Client) -> None:
    assert client.get("/docs/none").status_code == 404
    assert client.post("/docs/quickstart").status_code == 405


@pytest.mark.django_db
def test_has_the_page_that_every_charge_names(client: Client) -> None:
    assert client.get(RULE).status_code == 200


def test_every_document_of_the_guide_is_on_the_shelf() -> None:
    kept = {f"guide/{file.name}" for file in (shelf.folder() / "guide").glob("*.md")}
    assert kept == {entry.path for entry in shelf.entries() if entry.path.startswith("guide/")}


def test_links_lead_to_pages_and_headings_that_there_are() -> None:
    anchors = {
        entry.slug: set(re.findall(r'<h\d id="([^"]+)"', rendering.page(entry).body))
        for entry in shelf.entries()
    }
    for entry in shelf.entries():
        for target in re.findall(r'href="([^"]+)"', rendering.page(entry).body):
            if target.startswith("https://"):
                continue
            slug, _, anchor = target.removeprefix("/docs/").partition("#")
            assert slug in anchors, f"{entry.slug}: {target}"
            assert not anchor or anchor in anchors[slug], f"{entry.slug}: {target}"


def test_tells_every_error_of_the_table() -> None:
    page = rendering.page(next(entry for entry in shelf.entries() if entry.slug == "errors"))
    for code, kind in TABLE.items():
        assert f"{kind.status} <code>{code}</code>" in page.body


@pytest.mark.parametrize("example", DECLARED, ids=str)
def test_configuration_can_be_read_by_what_it_is_for(example: Example) -> None:
    assert PARSERS[example.language](example.code)


@pytest.mark.django_db
def test_shows_a_reader_which_key_is_meant_and_a_model_it_may_call() -> None:
    workspace, other = new_workspace(), new_workspace()
    key, secret = keys.mint(workspace, name="Laptop")
    shown = reader(workspace).get("/docs/quickstart").content.decode()
    assert f"{key.prefix}…{key.last_four}" in shown
    assert "(Laptop)" in shown
    assert secret not in shown
    assert key.prefix not in reader(other).get("/docs/quickstart").content.decode()
    assert key.prefix not in reader(workspace).get("/docs/translation").content.decode()
    keys.revoke(key)
    assert key.prefix not in reader(workspace).get("/docs/quickstart").content.decode()


@pytest.mark.django_db
def test_is_kept_by_nobody_on_the_way(client: Client) -> None:
    assert "no-store" in client.get("/docs/quickstart").headers["Cache-Control"]


def test_writes_html_as_text_and_follows_no_script(written: Path) -> None:
    page = page_of(written, "# T\n\n<b onclick=x>a</b> [b](javascript:alert(1))\n\n    <script>\n")
    assert "&lt;b onclick=x&gt;" in page.body
    assert "&lt;script&gt;" in page.body
    assert "<b " not in page.body
    assert "<script" not in page.body
    assert re.findall(r"href=", page.body) == []


def test_gives_headings_of_the_same_words_addresses_of_their_own(written: Path) -> None:
    page = page_of(written, "# T\n\n## A b\n\n## A b\n\n#### Deep\n")
    assert [(each.level, each.anchor) for each in page.headings] == [(2, "a-b"), (2, "a-b-2")]


@pytest.mark.parametrize("text", ["No title.\n", "# T\n\n[x](none.md)\n"])
def test_refuses_a_document_without_a_title_or_with_a_link_to_nowhere(written: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"title|leads to no page"):
        page_of(written, text)


def test_refuses_a_mark_that_stands_for_no_table() -> None:
    with pytest.raises(KeyError, match="none"):
        tables.filled("<!-- none -->\n")


def test_makes_what_the_reader_changes_stand_out(written: Path) -> None:
    page = page_of(
        written, '# T\n\n```bash\n# Why\ncurl "https://tollway.example/v1/x" $TOLLWAY_API_KEY\n```\n'
    )
    shown = page.at("https://gate.test&")
    assert '<span class="say"># Why</span>' in shown
    assert '<span class="key">https://gate.test&amp;/v1</span>/x' in shown
    assert '<span class="key">$TOLLWAY_API_KEY</span>' in shown
