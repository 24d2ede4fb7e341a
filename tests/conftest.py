"""What every test can ask for: a database of this run, and work in it that is really committed."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections, transaction
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker
from servestatic.middleware import ServeStaticMiddleware

from billing.announcing import notices
from catalog import at_hand, demo
from config import demo_people
from kernel import degraded
from kernel.modes import MODES

# How fast examples come is the machine's business, and tells nothing of what is tested.
hypothesis.settings.register_profile(
    "steady", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("steady")

# A third of a second for each person that a test saves. Any process can still check such a password.
PBKDF2PasswordHasher.iterations = 1_000


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers more than there are processors: many tests wait for processes they started, or for time."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Play tests marked as early first."""
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


@pytest.fixture(scope="session", autouse=True)
def static_files() -> Iterator[None]:
    """Look through the static files once, and not for each client anew, which takes a tenth of a second of processor."""
    look, first = ServeStaticMiddleware.add_files_from_finders, list[ServeStaticMiddleware]()

    def look_once(self: ServeStaticMiddleware) -> None:
        if not first:
            look(self)
            first.append(self)
        self.files, self.directories = first[0].files, first[0].directories

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServeStaticMiddleware, "add_files_from_finders", look_once)
        patch.setattr(settings, "MIDDLEWARE", [_SERVED.get(name, name) for name in settings.MIDDLEWARE])
        yield


_SERVED = {"servestatic.middleware.ServeStaticMiddleware": "tests.fakes.static.without_a_loop"}


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Make the test database for every test that asks; pytest-django's own looks at markers only."""
    with django_db_blocker.unblock():
        config = setup_databases(verbosity=0, interactive=False, aliases=None)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        teardown_databases(config, verbosity=0)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database without a transaction around the test, and without a flush after it.

    The tables of the money refuse to be emptied, so such a test makes workspaces of its own and leaves them.
    """
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture(scope="module")
def demo_house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Load the demo once for a module: half a second for each of its tests, which are rolled back to it."""
    around = transaction.atomic()
    with django_db_blocker.unblock():
        around.__enter__()
        demo.load(sandbox_url="http://127.0.0.1:8099/v1")
        demo_people.ensure(None)
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def demo_anew(demo_house: None) -> None:
    """Have the demo as it was loaded; what was read of the test before is forgotten, as one revision had two contents."""
    at_hand.forget()


@pytest.fixture(autouse=True)
def health() -> Iterator[None]:
    """Leave no degraded mode that a test brought about to the next test of this process."""
    yield
    for mode in MODES.values():
        degraded.note(mode, held=False)
    degraded.learn([])


@pytest.fixture(autouse=True)
def announcements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read what is announced once in a test: how often it is read anew would change the number of queries."""
    notices.forget()
    monkeypatch.setattr(notices, "FRESH_SECONDS", 3600.0)
