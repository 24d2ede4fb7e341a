"""Where the embedded engines live: homes, socket directories, the account they run as, and the URLs that follow."""

import contextlib
import hashlib
import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT_BASE = Path("/var/lib/tollway")
PURPOSES = re.compile(r"run|test(-[2-9])?")
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
# A socket address holds 107 bytes; the longest name we bind is "/.s.PGSQL.5432.lock".
SOCKET_DIR_BYTES = 85
PORT = 5432  # names the PostgreSQL socket; nothing listens on TCP


class EnginesError(Exception):
    """The engines cannot be used; the message is one plain sentence that says what to do."""


@dataclass(frozen=True)
class Urls:
    """How to reach the engines of one home: a libpq URL and a redis-py URL."""

    database: str
    redis: str


@dataclass(frozen=True)
class Account:
    """The account the engines run as."""

    name: str
    uid: int
    gid: int


def checkout() -> Path:
    """The directory that holds `platform/`; raises EnginesError when the code was installed without its checkout."""
    source_root = Path(__file__).resolve().parents[2]
    if source_root.name != "platform":
        raise EnginesError(
            "The embedded engines belong to a checkout of Tollway; set DATABASE_URL and REDIS_URL, or TOLLWAY_HOME."
        )
    return source_root.parent


def dropped_account() -> Account | None:
    """The account root drops to (PostgreSQL refuses to run as root), or None for a plain user."""
    if os.geteuid() != 0:
        return None
    name = os.environ.get("TOLLWAY_ENGINE_USER") or "nobody"
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise EnginesError(
            f"There is no account {name!r} to run PostgreSQL as; name an existing one in TOLLWAY_ENGINE_USER."
        ) from None
    if entry.pw_uid == 0:
        raise EnginesError(
            "TOLLWAY_ENGINE_USER names root, and PostgreSQL refuses to run as root; name another account."
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def base() -> Path:
    """The directory above all homes of this checkout; TOLLWAY_HOME overrides it."""
    override = os.environ.get("TOLLWAY_HOME")
    if override:
        return Path(override).absolute()
    if os.geteuid() == 0:
        return ROOT_BASE / _digest(checkout())
    return checkout() / ".tollway"


def home(purpose: str) -> Path:
    """Where the data, logs and secrets of one purpose ("run", "test", "test-2" to "test-9") are kept.

    Reading it creates nothing. Raises ValueError for another purpose.
    """
    if not PURPOSES.fullmatch(purpose):
        raise ValueError(f"no home is kept for the purpose {purpose!r}")
    return base() / purpose


def sockets(purpose: str) -> Path:
    """The directory of both sockets: in the home, or in /tmp where the home's path is too long or not plain.

    Only the path decides, so that every process finds the same directory whatever its environment.
    """
    inside = home(purpose) / "sockets"
    if len(os.fsencode(inside)) <= SOCKET_DIR_BYTES and PLAIN_PATH.fullmatch(str(inside)):
        return inside
    account = dropped_account()
    uid = account.uid if account else os.geteuid()
    return Path("/tmp") / f"tollway-{uid}-{_digest(inside)}"


def urls(purpose: str) -> Urls:
    """The URLs of one home, whether or not its engines run."""
    directory = sockets(purpose)
    return Urls(
        database=f"postgresql:///tollway?host={quote(str(directory), safe='')}&port={PORT}&user=tollway",
        redis=f"unix://{directory / 'valkey.sock'}?db=0",
    )


def state_file(purpose: str, name: str) -> Path:
    """The path of a file kept in a home; the home is made if it is not there yet, the file is not."""
    _make_home(purpose)
    return home(purpose) / name


def prepare(purpose: str) -> None:
    """Make the directories of one home; raises EnginesError where one belongs to someone else or cannot be entered."""
    _make_home(purpose)
    place, account = home(purpose), dropped_account()
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    private_dir(place / "logs", os.geteuid(), os.getegid())
    for directory in (place / "postgres", place / "valkey", sockets(purpose)):
        private_dir(directory, uid, gid)


def _make_home(purpose: str) -> None:
    place, account = home(purpose), dropped_account()
    if account is None:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_dir(place, os.geteuid(), os.getegid())
    else:
        place.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        _check_enterable(place.parent, account)
        # The home stays root's: files that root writes must not lie where the account could swap them for links.
        private_dir(place, 0, account.gid, mode=0o710)


def private_dir(path: Path, uid: int, gid: int, *, mode: int = 0o700) -> None:
    """Make `path` a directory of `uid` closed to others; raises EnginesError if someone else was there first."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise EnginesError(
            f"{path} cannot be used as a private directory ({error.strerror}); remove it."
        ) from None
    try:
        found = os.fstat(descriptor)
        if found.st_uid not in {uid, os.geteuid()}:
            raise EnginesError(
                f"{path} belongs to another account (uid {found.st_uid}); remove it or set TOLLWAY_HOME."
            )
        if (found.st_uid, found.st_gid) != (uid, gid):
            os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _check_enterable(path: Path, account: Account) -> None:
    """Raise EnginesError naming the first directory on the way to `path` that the account cannot pass."""
    for directory in [*reversed(path.resolve().parents), path.resolve()]:
        status = directory.stat()
        if status.st_uid == account.uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == account.gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            raise EnginesError(
                f"The account {account.name} that PostgreSQL runs as cannot enter {directory}; "
                "set TOLLWAY_HOME to a directory it can reach."
            )


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
