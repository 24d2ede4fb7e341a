"""What the five documents that the product was ordered from say, read from them where they lie beside the project.

Elsewhere the same facts are read from `facts.json`; a test holds the two together wherever both are there.
"""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["NUMBERS", "Facts", "example", "facts", "kept", "read", "there"]

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ROOT.parent / "shared" / "seeds"
KEPT = Path(__file__).with_name("facts.json")
NUMBERS = ("000", "001", "002", "003", "004")

_PATH = re.compile(r"(?<![\w/.:}-])/[a-z][a-z0-9/_-]*")
_APART = re.compile(r"^GET((?:\n/\n\w+)+)$", re.MULTILINE)
# A table's columns stand without a space between them: the next one begins with a capital or a provider's name.
_ROUTE = re.compile(r"\broute/[a-z0-9.-]+?(?=[A-Z\s\",]|minimax/|opencode|crof|routing-)")
_NAMED = re.compile(r"^(?:anthropic|openai|google|mistralai)/[\w.-]+$", re.MULTILINE)
_HEADER = re.compile(r"\b(?:[Xx]-[A-Za-z]+-[A-Za-z]+|Authorization)\b")
_ERROR = re.compile(r"^(\d{3})([A-Z_]+)(?=[A-Z][a-z])", re.MULTILINE)
_STATUS = re.compile(r"^(\d{3})$\n\n([A-Z].+)$", re.MULTILINE)
_SENTENCE = re.compile(r'\{"error":"[^"]+"\}')
_LISTED = re.compile(r"(?:array of \{|payload includes) ([^}\n]+?)(?: \}|\.\n)")
_ROW = re.compile(r"^(\w+)\n\n(?:string|integer|float|boolean)$", re.MULTILINE)
_PYTHON = re.compile(r"^(?:import os|stream = |tools = )", re.MULTILINE)
_ARGUMENT = re.compile(r"^    (\w+)=", re.MULTILINE)
_TYPESCRIPT = re.compile(r"^async function .*?^\}$", re.MULTILINE | re.DOTALL)
_CONVERTED = re.compile(r"^\w+: [\d.]+ USD/token *-> .+$", re.MULTILINE)


@dataclass(frozen=True)
class Facts:
    """What a document names, each once and in its order; examples are whole."""

    endpoints: list[str]
    headers: list[str]
    fields: list[str]
    errors: list[str]
    models: list[str]
    curl: list[str]
    python: list[str]
    typescript: list[str]
    json: list[str]
    units: list[str]


def facts(number: str) -> Facts:
    """Return what a document says."""
    return read(number) if there() else kept(number)


def there() -> bool:
    """Tell whether the documents lie beside the project."""
    return BESIDE.is_dir()


def kept(number: str) -> Facts:
    """Return what is kept of a document in the project."""
    return Facts(**json.loads(KEPT.read_text())[number])


def example(number: str, language: str, start: str) -> str:
    """Return the one example of a document in a language that has these words."""
    found = [each for each in getattr(facts(number), language) if start in each]
    if len(found) != 1:
        raise ValueError(f"{number} has {len(found)} examples in {language} with {start!r}")
    return str(found[0])


def read(number: str) -> Facts:
    """Read a document. Raises FileNotFoundError."""
    (place,) = BESIDE.glob(f"{number}_*.txt")
    text = place.read_text()
    programs = list(_python(text))
    shown = list(_json(text))
    return Facts(
        endpoints=_once([*_PATH.findall(text), *_apart(text), *_called(text)]),
        headers=_once(_HEADER.findall(text)),
        fields=_once([*_listed(text), *_ROW.findall(text), *_keys(shown), *_arguments(programs)]),
        errors=_once([*(" ".join(row) for row in _ERROR.findall(text)), *_sentences(text), *_statuses(text)]),
        models=_once([*_ROUTE.findall(text), *_NAMED.findall(text)]),
        curl=list(_curl(text)),
        python=programs,
        typescript=_TYPESCRIPT.findall(text),
        json=shown,
        units=_CONVERTED.findall(text),
    )


def _once(found: list[str]) -> list[str]:
    return list(dict.fromkeys(found))


def _apart(text: str) -> list[str]:
    """Return addresses that stand with each part in a line of its own."""
    return [found.replace("\n", "") for found in _APART.findall(text)]


def _called(text: str) -> Iterator[str]:
    for command in _curl(text):
        yield from re.findall(r"https://[\w.-]+(/[\w./-]+)", command)


def _sentences(text: str) -> list[str]:
    return _SENTENCE.findall(text)


def _statuses(text: str) -> list[str]:
    return [" ".join(row) for row in _STATUS.findall(text)]


def _listed(text: str) -> Iterator[str]:
    """Return the names of fields that a sentence lists."""
    for found in _LISTED.findall(text):
        for name in re.split(r",(?![^(]*\))", found):
            yield name.strip().removeprefix("and ").split(" ")[0]


def _arguments(programs: list[str]) -> list[str]:
    names = [name for code in programs for name in _ARGUMENT.findall(code)]
    return [name for name in names if name not in ("api_key", "base_url")]


def _keys(shown: list[str]) -> Iterator[str]:
    for each in shown:
        yield from _paths(json.loads(each), "")


def _paths(value: Any, place: str) -> Iterator[str]:
    """Return the dotted names of what holds no other names."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict) or not value:
        if place:
            yield place
        return
    for name, inner in value.items():
        yield from _paths(inner, f"{place}.{name}" if place else name)


def _curl(text: str) -> Iterator[str]:
    """Return commands; one goes on while a line ends in a backslash or a quotation is open."""
    lines = iter(text.splitlines())
    for line in lines:
        if not line.startswith("curl "):
            continue
        while line.endswith("\\") or _open(line):
            line += "\n" + next(lines)
        yield line


def _open(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return True
    return False


def _json(text: str) -> Iterator[str]:
    """Return objects that begin a line."""
    decoder, place = json.JSONDecoder(), 0
    for found in re.finditer(r"^\{$", text, re.MULTILINE):
        if found.start() >= place:
            _, place = decoder.raw_decode(text, found.start())
            yield text[found.start() : place]


def _python(text: str) -> Iterator[str]:
    """Return programs: from a line that begins one, as far as the lines can be read as Python."""
    for found in _PYTHON.finditer(text):
        lines = text[found.start() :].splitlines()
        for end in range(len(lines), 0, -1):
            body = _body("\n".join(lines[:end]))
            if body and not (isinstance(body[-1], ast.Expr) and isinstance(body[-1].value, ast.Name)):
                yield "\n".join(lines[:end]).strip()
                break


def _body(code: str) -> list[ast.stmt]:
    try:
        return ast.parse(code).body
    except SyntaxError:
        return []


def main() -> None:
    """Write the facts anew from the documents."""
    told = {number: asdict(read(number)) for number in NUMBERS}
    KEPT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
