"""What the watched application shortens, and where it tells what it holds: importing this changes nothing."""

__all__ = ["PATH", "PAUSE_SECONDS", "TOTAL_SECONDS"]

PATH = "/held"
PAUSE_SECONDS = 6.0
TOTAL_SECONDS = 12.0
