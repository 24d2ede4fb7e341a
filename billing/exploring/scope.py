"""What a view of a workspace can be narrowed to: its keys, the models and upstreams there are, and tags."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import ApiKey
from billing.statements import Only
from catalog.models import Model, Provider

__all__ = ["Scope", "of"]

_MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """Names by number: of the workspace's keys, newest first, of all models, and of all upstreams."""

    keys: Mapping[int, str]
    models: Mapping[int, str]
    providers: Mapping[int, str]

    def only(self, narrowed: Mapping[str, tuple[str, ...]]) -> Only:
        """Return what is read, of keys by number, models and upstreams by name, tags as they are.

        Raises ValueError for a key that is not the workspace's, and for a name that there is not.
        """
        return Only(
            keys=tuple(self._key(each) for each in narrowed.get("key", ())),
            models=tuple(_number(self.models, each, "model") for each in narrowed.get("model", ())),
            providers=tuple(
                _number(self.providers, each, "provider") for each in narrowed.get("provider", ())
            ),
            tags=narrowed.get("tag", ()),
        )

    def _key(self, text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        if number not in self.keys:
            raise ValueError("key: this workspace has no such key")
        return number

    def called(self, name: str, value: str) -> str:
        """Return how a value of a filter is shown: a key by its name."""
        return self.keys[int(value)] if name == "key" else value


def of(workspace_id: int) -> Scope:
    """Return what a workspace's views can be narrowed to; of each kind at most 500 are named."""
    keys = ApiKey.objects.filter(workspace_id=workspace_id).order_by("-pk")
    return Scope(
        keys=dict(keys.values_list("pk", "name")[:_MOST_LISTED]),
        models=dict(Model.objects.order_by("public_id").values_list("pk", "public_id")[:_MOST_LISTED]),
        providers=dict(Provider.objects.order_by("slug").values_list("pk", "slug")[:_MOST_LISTED]),
    )


def _number(names: Mapping[int, str], wanted: str, field: str) -> int:
    for number, name in names.items():
        if name == wanted:
            return number
    raise ValueError(f"{field}: there is none called {wanted[:64]!r}")
