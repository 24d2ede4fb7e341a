"""What is summed over usage events, by which names, and on which UTC day: the SQL that roll-up, statements and audit share."""

from datetime import date

from billing.models.usage import Tokens
from catalog.pricing import CLASSES, OUTPUT_CLASSES, PROMPT_CLASSES, Counts

__all__ = [
    "COMPLETION",
    "COUNTS",
    "DAY",
    "DIMENSIONS",
    "EVENT_MEASURES",
    "MEASURES",
    "PROMPT",
    "QUARTERS_PER_DAY",
    "counts",
    "first_minute",
]

COUNTS = (
    *("input_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("output_tokens", "reasoning_tokens", "image_in_tokens", "image_out_tokens"),
    *("audio_in_tokens", "audio_out_tokens", "images", "web_searches"),
)
"""The columns of counts that an event and a sum have in common."""

DIMENSIONS = ("api_key_id", "model_id", "provider_id", "tag")
"""What a sum is kept apart by, beside its workspace and its time."""

MEASURES = ("requests", "failed", *COUNTS, "cost", "provider_cost")
"""The columns of a sum."""

EVENT_MEASURES = {
    # A correction is a further revision of a request that is counted already.
    "requests": "count(*) FILTER (WHERE rev = 0)",
    "failed": "count(*) FILTER (WHERE rev = 0 AND status = 'failed')",
    **{name: f"sum({name})::bigint" for name in (*COUNTS, "cost", "provider_cost")},
}
"""How each column of a sum is made from events."""

DAY = "(DATE '1970-01-01' + minute_no / 1440)"
"""The UTC day of an event: that of the minute it was admitted in."""

QUARTERS_PER_DAY = 96

PROMPT = "(" + " + ".join(f"{name}_tokens" for name in PROMPT_CLASSES) + ")"
COMPLETION = "(" + " + ".join(f"{name}_tokens" for name in OUTPUT_CLASSES) + ")"
"""All tokens that went in, and all that came out, of an event or a sum."""


def counts(row: Tokens) -> Counts:
    """Return the counts of an event or a sum by the names of their classes."""
    return Counts(**{name: getattr(row, column) for name, column in zip(CLASSES, COUNTS, strict=True)})


def first_minute(day: date) -> int:
    """Return the number of a UTC day's first minute since 1970."""
    return (day - date(1970, 1, 1)).days * 1440
