"""The operator's page of roles: what each may do, as it is declared."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst

from catalog import admin_apart

from . import roles

WORDS = {"view": "sees", "add": "adds", "change": "changes", "delete": "deletes"}


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of row, and in words what each role may do with it."""

    kind: str
    cells: tuple[str, ...]


def page(request: HttpRequest) -> HttpResponse:
    """Show the matrix. Raises PermissionDenied for whom groups are not to be seen."""
    if not request.user.has_perm("auth.view_group"):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Roles",
        "roles": roles.ROLES.values(),
        "parts": [(apps.get_app_config(app).verbose_name, list(lines)) for app, lines in _parts()],
    }
    return render(request, "admin/roles.html", context)


def in_words(permissions: Iterable[Permission]) -> list[tuple[str, str]]:
    """Return each kind of rows that rights are about, and in words what may be done; in the order of their kinds."""
    found: dict[str, list[str]] = {}
    for each in sorted(permissions, key=_rank):
        kind = each.content_type.model_class()
        if kind is not None:
            told = found.setdefault(capfirst(str(kind._meta.verbose_name)), [])
            told.append(_word(kind._meta, each.codename))
    return [(name, ", ".join(found[name])) for name in sorted(found, key=str.casefold)]


def _rank(permission: Permission) -> int:
    plain = list(WORDS)
    what = permission.codename.partition("_")[0]
    return plain.index(what) if what in plain else len(plain)


def _parts() -> Iterator[tuple[str, Iterator[Line]]]:
    for app, declared in groupby(roles.declared(), key=lambda each: each[0].partition(".")[0]):
        yield (
            app,
            (_line(model, list(rights)) for model, rights in groupby(declared, key=lambda each: each[0])),
        )


def _line(model: str, rights: list[tuple[str, str, str]]) -> Line:
    options = apps.get_model(model)._meta
    named = [(_word(options, right.partition(".")[2]), letters) for _, right, letters in rights]
    cells = tuple(", ".join(word for word, letters in named if letter in letters) for letter in roles.ROLES)
    return Line(capfirst(str(options.verbose_name)), cells)


def _word(options: "Options[Any]", code: str) -> str:
    own = dict(options.permissions)
    return str(own[code]).lower() if code in own else WORDS[code.partition("_")[0]]


admin_apart.add("roles/", page, name="roles")
