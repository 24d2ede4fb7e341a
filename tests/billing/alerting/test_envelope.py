"""What goes out is JSON that any program reads, with moments and addresses that are whole."""

from pytest_django import Settings

from billing.alerting.envelope import absolute, enveloped
from billing.alerting.reading import Unit, shown
from tests.billing.alerting.scripting import NOON


def test_words_of_any_language_stand_as_they_are_and_moments_to_the_second() -> None:
    told = enveloped("alert.began", NOON, {"title": "Grüße", "until": None})
    assert (
        told
        == '{"type":"alert.began","timestamp":"2026-11-20T12:00:00Z","data":{"title":"Grüße","until":null}}'
    )


def test_an_address_is_whole_where_the_site_has_a_name(settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://tollway.example/", "https://other.example"]
    assert absolute("/admin/") == "https://tollway.example/admin/"
    settings.CSRF_TRUSTED_ORIGINS = []
    assert absolute("/admin/") == "/admin/"


def test_a_figure_has_its_unit_and_no_zeros_that_say_nothing() -> None:
    told = {Unit.PERCENT: 20, Unit.MINUTES: 10.5, Unit.TIMES: 5.25, Unit.COUNT: 1_000}
    assert [shown(value, unit) for unit, value in told.items()] == [
        "20\N{NO-BREAK SPACE}%",
        "10.5\N{NO-BREAK SPACE}min",
        "5.25\N{NO-BREAK SPACE}×",
        "1,000",
    ]
