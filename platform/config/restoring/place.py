"""Where a database is: its address for libpq's programs without the password, which is told them apart."""

import os
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config import env

__all__ = ["Place", "at", "of_this_site"]

CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Place:
    """One database on one server, as libpq names its parts; `options` are the rest of the address."""

    parts: dict[str, str]
    password: str
    options: dict[str, str]

    @property
    def name(self) -> str:
        """What the database is called."""
        return self.parts["dbname"]

    def named(self, name: str) -> "Place":
        """Return another database of the same server."""
        return replace(self, parts={**self.parts, "dbname": name})

    def conninfo(self) -> str:
        """Return the address for a command line, where everybody may read it: no password."""
        return make_conninfo("", **self.parts, **self.options)

    def environment(self) -> dict[str, str]:
        """Return the environment of a program of libpq."""
        return {**os.environ, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS)}

    def url(self) -> str:
        """Return the whole address, as DATABASE_URL has it."""
        user, port = quote(self.parts.get("user", ""), safe=""), self.parts.get("port", "")
        who = f"{user}:{quote(self.password, safe='')}@" if user else ""
        host = self.parts.get("host", "")
        options = dict(self.options)
        if host.startswith("/"):  # a directory of sockets has no place before the path
            options["host"], host = host, ""
        question = f"?{urlencode(options)}" if options else ""
        return f"postgresql://{who}{host}{f':{port}' if port else ''}/{quote(self.name, safe='')}{question}"

    def connect(self, **more: Any) -> "psycopg.Connection[tuple[Any, ...]]":
        """Connect to it. Raises psycopg.OperationalError if that cannot be."""
        return psycopg.connect(
            self.conninfo(), password=self.password, connect_timeout=CONNECT_SECONDS, **more
        )

    def create(self, name: str) -> "Place":
        """Make an empty database beside it. Raises psycopg.Error if it is there, or may not be made."""
        with self.connect(autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
            )
        return self.named(name)

    def drop(self, name: str) -> None:
        """Drop a database beside it, whoever is connected to it; none is fine."""
        with self.connect(autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def of_this_site() -> Place:
    """Return where this site's database is, as the role that may read all of it and make others."""
    return _read(env.other_database("MIGRATION_DATABASE_URL") or env.database())


def at(url: str) -> Place:
    """Return the place of an address. Raises ValueError if it is no address of PostgreSQL."""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ValueError("an address begins with postgresql://")
    return _read(env.database_entry(url))


def _read(entry: dict[str, Any]) -> Place:
    names = {"NAME": "dbname", "USER": "user", "HOST": "host", "PORT": "port"}
    parts = {short: str(entry[long]) for long, short in names.items() if entry.get(long)}
    return Place(parts, str(entry["PASSWORD"]), dict(entry["OPTIONS"]))
