"""Metrics: for whom they are, and what they say."""

import pytest
from django.test import Client
from pytest_django import Settings

from kernel import degraded
from kernel.modes import REDIS


def test_a_token_that_is_set_is_asked_for(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a token"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer a token"}).status_code == 200


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.1"}, 403),
    ],
)
def test_without_a_token_they_are_for_this_machine_alone(
    client: Client, told: dict[str, str], status: int
) -> None:
    assert client.get("/metrics", **told).status_code == status  # type: ignore[arg-type]


def test_each_mode_is_one_or_zero(client: Client) -> None:
    degraded.note(REDIS, held=True)
    body = client.get("/metrics").content.decode()
    assert 'tollway_degraded{mode="redis"} 1.0' in body
    assert 'tollway_degraded{mode="database"} 0.0' in body
