"""Webhooks are signed as Standard Webhooks has it."""

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


def test_a_secret_of_the_published_form_is_taken() -> None:
    signing.check_secret(SECRET)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_Mf KQ"]
)
def test_others_are_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        signing.check_secret(secret)
