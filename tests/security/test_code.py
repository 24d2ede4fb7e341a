"""S22, S23, S24 and S37 over the product's own code: no way by which what was sent becomes a query, markup or a program."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.test_rules import ROOT, modules, tracked

OURS = [path for path in modules(of_the_product=True) if path.relative_to(ROOT).parts[0] != "scripts"]
ASKED = ("GET", "POST", "data", "query_params", "headers", "COOKIES", "META")
QUERYING = ("filter", "exclude", "get", "create", "update", "get_or_create", "order_by", "annotate", "values")
BESIDE_THE_ORM = {"select", "where", "tables", "order_by"}
EXECUTING = {"eval", "exec", "compile", "__import__"}
UNPACKING = {
    ("pickle", "loads"),
    ("pickle", "load"),
    ("marshal", "loads"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
}
SAFE = {
    "platform/config/guide/rendering.py": 4,  # Markdown without HTML, and what is put into it escaped
    "platform/config/guide/searching.py": 2,  # words of the guide, each escaped
}
"""Where markup is called safe, and how often."""
FIELD_HELP = {"templates/parts/field.html": ["{{ field.help_text|safe }}"]}
"""Words of our own code, which link to other pages."""


def found(source: str) -> list[str]:
    """Return what of a module's code lets what was sent reach too far."""
    return [words for node in ast.walk(ast.parse(source)) for words in _wrong(node)]


def _wrong(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    name = _name(node.func)
    if name in EXECUTING and isinstance(node.func, ast.Name):
        yield f"{node.lineno}: runs a text as code"
    if isinstance(node.func, ast.Attribute) and (_name(node.func.value), name) in UNPACKING:
        yield f"{node.lineno}: unpacks objects"
    if any(word.arg == "shell" and getattr(word.value, "value", None) is True for word in node.keywords):
        yield f"{node.lineno}: asks a shell"
    if name == "extra" and {word.arg for word in node.keywords} & BESIDE_THE_ORM:
        yield f"{node.lineno}: SQL beside the ORM"
    if name in QUERYING and any(word.arg is None and _is_sent(word.value) for word in node.keywords):
        yield f"{node.lineno}: lets names of fields be sent"
    if name in {"execute", "executemany"} and node.args and _is_sent_within(node.args[0]):
        yield f"{node.lineno}: makes a statement of what was sent"


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_sent(node: ast.AST) -> bool:
    """Tell whether a value is all that a request holds of a kind, or a copy of it."""
    while isinstance(node, ast.Call):
        node = node.func.value if isinstance(node.func, ast.Attribute) else next(iter(node.args), node.func)
    return isinstance(node, ast.Attribute) and node.attr in ASKED and _name(node.value) in {"request", "self"}


def _is_sent_within(node: ast.AST) -> bool:
    return any(_name(each) == "request" for each in ast.walk(node) if isinstance(each, ast.Name))


@pytest.mark.parametrize("path", [path.relative_to(ROOT).as_posix() for path in OURS])
def test_nothing_that_was_sent_becomes_a_query_or_a_program(path: str) -> None:
    assert found((ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "eval(answer)",
        "pickle.loads(body)",
        "yaml.load(text)",
        "subprocess.run(command, shell=True)",
        "Model.objects.extra(where=[words])",
        "Model.objects.filter(**request.GET)",
        "Model.objects.filter(**request.GET.dict())",
        "Model.objects.create(**dict(self.data))",
        "cursor.execute('SELECT ' + request.GET['order'])",
        "cursor.execute(f'SELECT {request.POST}')",
    ],
)
def test_what_lets_it_is_found(line: str) -> None:
    assert len(found(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Model.objects.filter(name=request.GET['q'])",
        "cursor.execute(ONE, [request.GET['q']])",
        "yaml.safe_load(t)",
    ],
)
def test_what_does_not_is_left_alone(line: str) -> None:
    assert found(line) == []


def test_no_data_is_called_safe_markup() -> None:
    calls = {
        path.relative_to(ROOT).as_posix(): len(re.findall(r"\b(?:mark_safe|SafeString)\(", path.read_text()))
        for path in OURS
    }
    assert {name: count for name, count in calls.items() if count} == SAFE


def test_no_template_lets_data_through_unescaped() -> None:
    templates = [path for path in tracked() if path.suffix == ".html" and "templates" in path.parts]
    letting = {
        path.relative_to(ROOT).as_posix(): _unescaped(path)
        for path in templates
        if path.relative_to(ROOT).parts[0] != "tests" and _unescaped(path)
    }
    assert len(templates) > 50
    assert letting == FIELD_HELP


def _unescaped(path: Path) -> list[str]:
    return re.findall(r"\{\{[^}]*\|\s*safe\b[^}]*\}\}|\{%\s*autoescape\s+off\s*%\}", path.read_text())
