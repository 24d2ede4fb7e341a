"""The operator's page of roles: what each may do, as it is declared."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

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


def _parts() -> Iterator[tuple[str, Iterator[Line]]]:
    for app, declared in groupby(roles.declared(), key=lambda each: each[0].partition(".")[0]):
        yield (
            app,
            (_line(model, list(rights)) for model, rights in groupby(declared, key=lambda each: each[0])),
        )


def _line(model: str, rights: list[tuple[str, str, str]]) -> Line:
    options = apps.get_model(model)._meta
    own = dict(options.permissions)

    def words(permission: str) -> str:
        code = permission.partition(".")[2]
        return own[code].lower() if code in own else WORDS[code.partition("_")[0]]

    cells = tuple(
        ", ".join(words(right) for _, right, letters in rights if letter in letters) for letter in roles.ROLES
    )
    return Line(str(options.verbose_name).capitalize(), cells)


admin_apart.add("roles/", page, name="roles")
