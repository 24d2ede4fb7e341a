"""Tests of `manage.py catalog`: what an operator types, and what comes of it."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from catalog import demo
from catalog.models import CatalogRevision, Model, Provider

pytestmark = pytest.mark.django_db

FILE = "tollway: 1\nproviders: {typed: {name: Typed}}\n"


def catalog(*words: str) -> tuple[str, str]:
    """Run the command; return what it printed and what it said on standard error."""
    out, err = StringIO(), StringIO()
    call_command("catalog", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_apply_prints_its_diff_and_a_second_time_that_there_is_none(file: Path) -> None:
    assert catalog("apply", str(file))[0] == "+ providers.typed\n1 change made\n"
    before = CatalogRevision.objects.get().number
    assert catalog("apply", str(file))[0] == "nothing to change\n"
    assert CatalogRevision.objects.get().number == before


def test_a_dry_run_prints_the_diff_and_changes_nothing(file: Path) -> None:
    assert catalog("apply", str(file), "--dry-run")[0] == "+ providers.typed\n1 change would be made\n"
    assert not Provider.objects.filter(slug="typed").exists()


def test_a_check_exits_with_1_only_where_something_would_change(file: Path) -> None:
    with pytest.raises(SystemExit) as left:
        catalog("apply", str(file), "--check")
    assert left.value.code == 1
    assert not Provider.objects.filter(slug="typed").exists()
    catalog("apply", str(file))
    assert catalog("apply", str(file), "--check")[0] == "nothing to change\n"


def test_every_problem_is_printed_and_that_nothing_was_changed(file: Path) -> None:
    file.write_text(FILE + "models: {x: {tier: gold, nme: x}}\n", encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        catalog("apply", str(file))
    told = str(refused.value).splitlines()
    assert [line.split(": ")[1] for line in told[:2]] == ["models.x.nme", "models.x.tier"]
    assert told[2] == "nothing was changed: 2 problems"
    assert not Provider.objects.filter(slug="typed").exists()


@pytest.mark.parametrize("words", [["apply"], ["import-litellm"]])
def test_a_file_that_cannot_be_read_is_named(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.yaml cannot be read"):
        catalog(*words, str(tmp_path / "missing.yaml"))


def test_an_export_goes_to_a_file_or_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    target = tmp_path / "out.yaml"
    catalog("export", str(target))
    catalog("export", "-")
    assert capsys.readouterr().out == target.read_text(encoding="utf-8")
    assert catalog("apply", str(target), "--check")[0] == "nothing to change\n"


def test_a_catalogue_that_contradicts_itself_can_be_exported_and_mended(tmp_path: Path) -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    target = tmp_path / "out.yaml"
    catalog("export", str(target))
    Model.objects.filter(public_id="route/glm-5").update(output_modalities=[])
    told, _ = catalog("apply", str(target))
    assert told == "~ models.route/glm-5.output_modalities: [] → ['text']\n1 change made\n"


def test_an_import_writes_the_file_and_says_what_is_left_out(tmp_path: Path) -> None:
    config, made = tmp_path / "config.yaml", tmp_path / "made.yaml"
    config.write_text(
        "model_list:\n  - {model_name: m, litellm_params: {model: gpt-4o, rpm: 6}}\n", encoding="utf-8"
    )
    out, err = catalog("import-litellm", str(config), "-o", str(made), "--tier", "max")
    assert out == ""
    assert "line 2: model_list[0].litellm_params.rpm: not carried over" in err
    assert "tier: max" in made.read_text(encoding="utf-8")
