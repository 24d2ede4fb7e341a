"""What the routes answer with status 200: by view, a schema for each media type."""

from collections.abc import Mapping

from ..schemas import Schema
from . import desk, inference, shelf

__all__ = ["ANSWERS", "SCHEMAS"]

ANSWERS: Mapping[str, Mapping[str, Schema]] = {**inference.ANSWERS, **shelf.ANSWERS, **desk.ANSWERS}
SCHEMAS: Mapping[str, Schema] = {**inference.SCHEMAS, **shelf.SCHEMAS, **desk.SCHEMAS}
