"""What rows were before a deed and after it, seen as they are saved; secrets are compared and never kept."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BinaryField, Field, ForeignKey, ManyToManyField, Model
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

__all__ = ["Changes", "Seen", "Sight", "key_of", "watch_with"]

Changes = dict[str, Any]
"""Field: [before, after], or "changed" where it is a secret."""

HIDDEN = "changed"
OURS = {"accounts", "billing", "catalog", "auth", "account", "mfa"}
_TRAIL = {"accounts.trailrow"}
# Beside every column of bytes. The data of a second factor are its secret.
_SECRET = re.compile(r"password|secret|sealed|digest|pepper")
_SECRETS = {("mfa.authenticator", "data"), ("billing.stripeevent", "payload")}
_NOT_TOLD = {("accounts.user", "last_login")}
LONGEST = 1000
"""Characters that are kept of a value."""


@dataclass
class Seen:
    """A row as it was when it was first seen and as it is by now; None where there was none."""

    model: type[Model]
    pk: Any
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def key(self) -> str:
        """The row's kind and number."""
        return _key(self.model, self.pk)

    @property
    def title(self) -> str:
        """The row's kind, name and number, in words."""
        return f"{self.model._meta.verbose_name} {self.name} (#{self.pk})"

    def changes(self) -> Changes:
        """Return what differs, in words; of a new or deleted row all that it has or had."""
        before, after = self.before or {}, self.after or {}
        if self.before is None and self.after is None:
            return {}
        return {
            name: _told(self.model, name, before.get(name), after.get(name))
            for name in dict.fromkeys((*before, *after))
            if before.get(name) != after.get(name) and (self.model._meta.label_lower, name) not in _NOT_TOLD
        }


class Sight:
    """The rows that were looked at or saved since it was opened, in this order."""

    def __init__(self) -> None:
        self._rows: dict[str, Seen] = {}

    @property
    def rows(self) -> list[Seen]:
        """All that was seen."""
        return list(self._rows.values())

    def look(self, model: type[Model], keys: Iterable[Any]) -> None:
        """Note how rows are, before anything is done to them; what is no row's key is passed over."""
        for key in keys:
            try:
                found = model._base_manager.filter(pk=key).first()
            except (ValueError, TypeError, ValidationError):
                continue
            if found is not None:
                self.before(found)

    def before(self, row: Model) -> None:
        """Note how a row is in the database, unless it has been seen."""
        key = key_of(row)
        if row.pk is not None and key not in self._rows:
            values = _values(type(row), row.pk)
            self._rows[key] = Seen(type(row), row.pk, str(row), values, dict(values))

    def after(self, row: Model) -> None:
        """Note how a row has become; one that was not seen before is new."""
        seen = self._rows.setdefault(key_of(row), Seen(type(row), row.pk, str(row), None, None))
        seen.name, seen.after = str(row), (seen.after or {}) | _values(type(row), row.pk)

    def gone(self, row: Model) -> None:
        """Note that a row is deleted."""
        self.before(row)
        if key_of(row) in self._rows:
            self._rows[key_of(row)].after = None

    def again(self) -> None:
        """Read what was seen again: statements change rows that no model was told of."""
        for seen in self._rows.values():
            if seen.after is not None:
                seen.after |= _values(seen.model, seen.pk)

    def members(self, row: Model, field: str, *, first: bool) -> None:
        """Note what a row is connected with by a many-to-many field, before or after a change."""
        self.before(row)
        seen = self._rows.get(key_of(row))
        if seen is None:
            return
        names = sorted(str(each) for each in getattr(row, field).all())
        if first:
            seen.before = {field: names, **(seen.before or {})}
        seen.after = {**(seen.after or {}), field: names}


_current: list[Callable[[], Sight | None]] = []


def watch_with(current: Callable[[], Sight | None]) -> None:
    """See what is saved while `current` returns a Sight; called once, when the apps are ready."""
    _current[:] = [current]
    pre_save.connect(_saving, dispatch_uid="trail")
    post_save.connect(_saved, dispatch_uid="trail")
    pre_delete.connect(_deleting, dispatch_uid="trail")
    m2m_changed.connect(_connecting, dispatch_uid="trail")


def key_of(row: Model) -> str:
    """Return a row's kind and number; the row may be one that is read only now, as the person of a request is."""
    return f"{row._meta.label_lower}:{row.pk}"


def _key(model: type[Model], pk: Any) -> str:
    return f"{model._meta.label_lower}:{pk}"


def _sight(model: type[Model]) -> Sight | None:
    if model._meta.app_label not in OURS or model._meta.label_lower in _TRAIL:
        return None
    return _current[0]()


def _saving(sender: type[Model], instance: Model, raw: bool = False, **_: Any) -> None:
    sight = _sight(sender)
    if sight is not None and not raw and not instance._state.adding:
        sight.before(instance)


def _saved(sender: type[Model], instance: Model, raw: bool = False, **_: Any) -> None:
    sight = _sight(sender)
    if sight is not None and not raw:
        sight.after(instance)


def _deleting(sender: type[Model], instance: Model, **_: Any) -> None:
    sight = _sight(sender)
    if sight is not None:
        sight.gone(instance)


def _connecting(sender: type[Model], instance: Any, action: str, reverse: bool, **_: Any) -> None:
    sight = _sight(type(instance))
    if sight is None or reverse:
        return
    for field in instance._meta.many_to_many:
        if field.remote_field.through is sender:
            sight.members(instance, field.name, first=action.startswith("pre_"))


def _values(model: type[Model], pk: Any) -> dict[str, Any]:
    """Return a row's columns as the database has them, by the names of the fields."""
    found = model._base_manager.filter(pk=pk).values().first() or {}
    columns = {field.attname: field.name for field in model._meta.concrete_fields}
    return {columns[name]: _kept(value) for name, value in found.items() if name in columns}


def _kept(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _told(model: type[Model], name: str, before: Any, after: Any) -> Any:
    field = model._meta.get_field(name)
    if is_secret(model, field):
        return HIDDEN
    return [_in_words(field, before), _in_words(field, after)]


def is_secret(model: type[Model], field: Any) -> bool:
    """Tell whether a field's value is never to be shown: bytes, and what its name calls a secret."""
    named = _SECRET.search(field.name) is not None
    return isinstance(field, BinaryField) or named or (model._meta.label_lower, field.name) in _SECRETS


def _in_words(field: Any, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(field, ForeignKey):
        found = field.related_model._base_manager.filter(pk=value).first()
        return f"{found or 'gone'} (#{value})"[:LONGEST]
    if isinstance(field, Field) and field.choices and not isinstance(field, ManyToManyField):
        return str(value)
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, sort_keys=True)[:LONGEST]
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)[:LONGEST]
