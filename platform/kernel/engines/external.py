"""Whether engines named by URL can be used: reachable, and of a version that Tollway supports."""

from urllib.parse import urlsplit

__all__ = ["check_external"]

POSTGRES_MAJOR = 15
REDIS_MAJOR = 7
CONNECT_SECONDS = 5


def check_external(database_url: str | None, redis_url: str | None) -> str | None:
    """One plain sentence on what is wrong with the engines behind these URLs, or None; None for a URL skips it."""
    for variable, url, check in (
        ("DATABASE_URL", database_url, _check_database),
        ("REDIS_URL", redis_url, _check_redis),
    ):
        if not url:
            continue
        try:
            urlsplit(url)
        except ValueError:
            return f"{variable} is not an address that can be read; check its brackets and percent signs."
        sentence = check(url)
        if sentence:
            return sentence
    return None


def _check_database(url: str) -> str | None:
    import psycopg

    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        return "DATABASE_URL must begin with postgresql://; PostgreSQL is the only database Tollway runs on."
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        return f"DATABASE_URL names a PostgreSQL at {_place(url)} that cannot be used: {_first_line(error)}"
    if version < POSTGRES_MAJOR * 10_000:
        return (
            f"DATABASE_URL names a PostgreSQL {version // 10_000} at {_place(url)}; "
            f"Tollway needs PostgreSQL {POSTGRES_MAJOR} or newer."
        )
    return None


def _check_redis(url: str) -> str | None:
    import redis

    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        return "REDIS_URL must begin with redis://, rediss:// or unix://."
    try:
        # RESP2: an old server must be able to tell its version.
        with redis.Redis.from_url(
            url, protocol=2, socket_timeout=CONNECT_SECONDS, socket_connect_timeout=CONNECT_SECONDS
        ) as client:
            version = str(client.info("server")["redis_version"])
    except (redis.RedisError, ValueError, OSError) as error:
        return f"REDIS_URL names a Redis at {_place(url)} that cannot be used: {_first_line(error)}"
    if int(version.split(".")[0]) < REDIS_MAJOR:
        return f"REDIS_URL names a Redis {version} at {_place(url)}; Tollway needs Redis {REDIS_MAJOR} (or Valkey) or newer."
    return None


def _place(url: str) -> str:
    """The URL without its credentials and parameters: it is shown and logged."""
    parts = urlsplit(url)
    return (parts.netloc.rpartition("@")[2] + parts.path) or "a local socket"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
