"""Webhooks are signed as Standard Webhooks has it."""

import base64

import pytest

from billing.alerting import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_body_is_signed_as_the_published_example_is() -> None:
    signed = signing.headers(
        SECRET, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=1614265330, body='{"test": 2432232314}'
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def of_bytes(number: int) -> str:
    return signing.PREFIX + base64.b64encode(b"x" * number).decode()


def test_a_secret_of_the_published_form_is_taken() -> None:
    for secret in (SECRET, of_bytes(24), of_bytes(64), signing.make_secret()):
        signing.check_secret(secret)


def test_a_new_secret_has_32_bytes_that_nobody_had_before() -> None:
    one, other = (base64.b64decode(signing.make_secret().removeprefix(signing.PREFIX)) for _ in range(2))
    assert len(one) == len(other) == 32
    assert one != other


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", SECRET.removeprefix("whsec_"), "whsec_short", "whsec_Mf KQ", of_bytes(23), of_bytes(65)],
)
def test_others_are_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        signing.check_secret(secret)
