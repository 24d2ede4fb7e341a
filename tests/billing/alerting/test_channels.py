"""Where alerts may go: an address of the inside only where an operator says that it is on our own network."""

import pytest
from django.core.exceptions import ValidationError

from billing.models import AlertChannel


def test_an_address_inside_is_refused_beside_its_field_unless_it_is_our_own() -> None:
    with pytest.raises(ValidationError) as refused:
        AlertChannel(address="https://10.0.0.1/hook").clean()
    assert list(refused.value.message_dict) == ["address"]
    AlertChannel(address="https://10.0.0.1/hook", private=True).clean()
    AlertChannel(address="https://hook.example/in").clean()
    AlertChannel(kind=AlertChannel.Kind.MAIL).clean()
