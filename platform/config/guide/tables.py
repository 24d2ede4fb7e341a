"""The tables in pages that the code knows better than any text: a line `<!-- name -->` stands for each."""

import re
from collections.abc import Callable, Iterable, Mapping

from catalog.demo.rows import models
from catalog.models import Model
from inference.errors import ANTHROPIC_TYPES, TABLE
from inference.openapi.refusals import WHEN

__all__ = ["TABLES", "filled"]

_MARK = re.compile(r"^<!-- ([a-z-]+) -->$", re.MULTILINE)
_NOTE = " For testing; never a real model."


def filled(text: str) -> str:
    """Return a document with its tables in place of their marks. Raises KeyError for a mark that is no table's."""
    return _MARK.sub(lambda found: TABLES[found[1]](), text)


def _errors() -> str:
    rows = (
        (f"{kind.status} `{code}`", WHEN[code], "yes" if kind.retry else "no") for code, kind in TABLE.items()
    )
    return _table(("Status and code", "When", "Try again"), rows)


def _error_names() -> str:
    rows = (
        (
            f"`{code}`",
            f"`{kind.code or code}`",
            f"`{kind.type}`",
            f"`{ANTHROPIC_TYPES.get(kind.status, 'api_error')}`",
        )
        for code, kind in TABLE.items()
    )
    return _table(("`X-Error-Code`", "OpenAI's `code`", "OpenAI's `type`", "Anthropic's `type`"), rows)


def _sandbox_models() -> str:
    rows = (
        (f"`{model.public_id}`", model.about.removesuffix(_NOTE))
        for model in models()
        if model.public_id.startswith(Model.SANDBOX)
    )
    return _table(("Model", "What it does"), rows)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


TABLES: Mapping[str, Callable[[], str]] = {
    "errors": _errors,
    "error-names": _error_names,
    "sandbox-models": _sandbox_models,
}
