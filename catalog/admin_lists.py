"""How the admin's lists walk through tables of any size: by key instead of by number, and never counting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import ORDER_VAR
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Field, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

__all__ = ["AFTER", "BEFORE", "Chip", "DeepPaginator", "PreparedChangeList", "about", "roughly"]

AFTER, BEFORE = "after", "before"
"""The parameters of an address that name the row a page begins behind, or ends before."""
PAGES_DEEP = 200
_BETWEEN = "~"
_LEAST_TOLD = 10_000


class DeepPaginator(InfinitePaginator):  # type: ignore[misc]  # unfold has no types
    """Marks a page whose table may be of any size: its list is walked by key, each page as fast as the first.

    Where rows are still skipped by number (the choices of a field), that ends where it would take long.
    """

    template_name = "admin/keyset.html"

    @property
    def count(self) -> int:
        """The number of rows that can be reached by skipping."""
        return int(self.per_page) * PAGES_DEEP


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that a list is narrowed by, and the address without it; no address where it cannot be left out."""

    name: str
    value: str
    without: str


class PreparedChangeList(ChangeList):  # type: ignore[misc]
    """A list whose rows are completed together, once they are known; of a large table it is a walk by key."""

    newer_url = older_url = newest_url = about = ""

    @property
    def deep(self) -> bool:
        """Whether the table may be of any size."""
        return issubclass(self.model_admin.paginator, DeepPaginator)

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page's rows, then what they refer to."""
        if self.deep:
            self._walk(request)
        else:
            super().get_results(request)
        rows = list(self.result_list)  # type: ignore[has-type]
        self.model_admin.prepare(rows)
        self.result_list = rows
        if self.deep or not (self.query or self.has_active_filters):
            self.full_result_count = self.result_count  # type: ignore[has-type]  # equal counts keep the theme from showing one

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the order of the rows: of a large table by one column at most, and ties in the same direction."""
        if not self.deep:
            return list(super().get_ordering(request, queryset))
        asked = self.params.get(ORDER_VAR, "")
        self.params[ORDER_VAR] = asked.split(".")[0]
        ordering = [str(each) for each in super().get_ordering(request, queryset)]
        descending = ordering[0].startswith("-")
        names = [each.removeprefix("-") for each in ordering]
        return [f"-{name}" if descending else name for name in names]

    def get_filters_params(self, params: Any = None) -> Any:
        """Return what narrows the list; the place in it does not."""
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in (AFTER, BEFORE)}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Return an address of this list; it begins anew unless a place is named."""
        return str(super().get_query_string(new_params, [*(remove or ()), AFTER, BEFORE]))

    def chips(self) -> list[Chip]:
        """Return what the list is narrowed by: what is chosen of each filter, but for its first choice, which is all.

        Of a filter that is `mandatory` that one is told too, and cannot be left out.
        """
        found = []
        for spec in self.filter_specs:
            first, *choices = spec.choices(self)
            for choice in (first, *choices):
                if choice.get("selected") and (choice is not first or getattr(spec, "mandatory", False)):
                    without = "" if choice is first else str(first["query_string"])
                    found.append(Chip(str(spec.title), str(choice["display"]), without))
        return found

    def _walk(self, request: HttpRequest) -> None:
        walk = _Walk.of(self.queryset)
        rows, newer, older = walk.page(
            self.queryset, self.list_per_page, after=request.GET.get(AFTER), before=request.GET.get(BEFORE)
        )
        self.newer_url = self.get_query_string({BEFORE: walk.place(rows[0])}) if newer and rows else ""
        self.older_url = self.get_query_string({AFTER: walk.place(rows[-1])}) if older and rows else ""
        self.newest_url = self.get_query_string() if newer else ""
        self.about = about(self.opts.db_table)
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.result_list, self.result_count = rows, len(rows)
        self.show_full_result_count, self.show_admin_actions = False, True
        self.can_show_all, self.multi_page = False, bool(newer or older)


@dataclass(frozen=True, slots=True)
class _Walk:
    """The columns that a list is sorted by, the last of which tells any two rows apart, all in one direction."""

    fields: tuple["Field[Any, Any]", ...]
    descending: bool

    @classmethod
    def of(cls, rows: QuerySet[Any]) -> "_Walk":
        names = [str(name) for name in rows.query.order_by]
        meta = rows.model._meta
        found = [name.removeprefix("-") for name in names]
        fields = tuple(meta.pk if name == "pk" else meta.get_field(name) for name in found)
        return cls(fields, names[0].startswith("-"))

    def page(
        self, rows: QuerySet[Any], size: int, *, after: str | None, before: str | None
    ) -> tuple[list[Any], bool, bool]:
        """Return the rows behind or before a place, and whether there are more before them and behind them.

        A place that names none begins at the beginning.
        """
        backwards = self._key(before) if not after else None
        if backwards is not None:
            found = list(self._beyond(rows, backwards, greater=self.descending).reverse()[: size + 1])
            return found[:size][::-1], len(found) > size, True
        key = self._key(after)
        if key is not None:
            rows = self._beyond(rows, key, greater=not self.descending)
        found = list(rows[: size + 1])
        return found[:size], key is not None, len(found) > size

    def place(self, row: Any) -> str:
        """Return how a row is named in an address."""
        return _BETWEEN.join(field.value_to_string(row) for field in self.fields)

    def _key(self, text: str | None) -> tuple[Any, ...] | None:
        parts = (text or "").split(_BETWEEN)
        if len(parts) != len(self.fields):
            return None
        try:
            return tuple(field.clean(part, None) for field, part in zip(self.fields, parts, strict=True))
        except ValidationError:
            return None

    def _beyond(self, rows: QuerySet[Any], key: Sequence[Any], *, greater: bool) -> QuerySet[Any]:
        lookup = TupleGreaterThan if greater else TupleLessThan
        return rows.filter(lookup(Tuple(*(F(field.attname) for field in self.fields)), key))


def about(table: str) -> str:
    """Return in words how many rows a table has as the planner believes, or nothing where those are few."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class
               WHERE oid = %s::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass)""",
            [table, table],
        )
        [rows] = cursor.fetchone() or (0,)
    return roughly(rows)


def roughly(number: int) -> str:
    """Return a number in words to two digits, as "about 10 million"; nothing for one that is small."""
    if number < _LEAST_TOLD:
        return ""
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if number >= size:
            return (
                f"about {number / size:.2g} {name}"
                if number < 100 * size
                else f"about {number // size:,} {name}"
            )
    return f"about {number // 1000:,},000"
