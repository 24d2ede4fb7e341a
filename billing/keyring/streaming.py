"""What still runs on a key: the streams that end with it."""

from django.db import connection

__all__ = ["open_streams"]


def open_streams(workspace_id: int, api_key_id: int) -> int:
    """Return how many streams of a key are open now, as admission knows them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM billing_admission WHERE workspace_id = %s AND api_key_id = %s AND stream",
            [workspace_id, api_key_id],
        )
        return int(cursor.fetchone()[0])
