"""What the watched application shortens: importing this changes nothing."""

__all__ = ["PAUSE_SECONDS", "TOTAL_SECONDS"]

PAUSE_SECONDS = 6.0
TOTAL_SECONDS = 12.0
