"""The events of one output item: each names the item and its place."""

from typing import Any, Literal

__all__ = ["Event", "Slot", "Status"]

Event = dict[str, Any]
Status = Literal["completed", "incomplete"]


class Slot:
    """A place in the output with its item, which is written in place."""

    def __init__(self, index: int, item: dict[str, Any]) -> None:
        self.index = index
        self.item = item

    def added(self) -> Event:
        """Tell that the item began."""
        return self._whole("response.output_item.added")

    def done(self, status: Status) -> Event:
        """Tell that the item is over."""
        self.item["status"] = status
        return self._whole("response.output_item.done")

    def event(self, kind: str, **fields: Any) -> Event:
        """Tell something of the item."""
        return {
            "type": f"response.{kind}",
            "item_id": self.item["id"],
            "output_index": self.index,
            **fields,
        }

    def _whole(self, kind: str) -> Event:
        # A copy, as the event may be written when the item has gone on.
        return {"type": kind, "output_index": self.index, "item": dict(self.item)}
