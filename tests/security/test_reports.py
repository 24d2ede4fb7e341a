"""S38 for what a report of an error says: which cookies came, and nothing of what is in them."""

from django.http import HttpRequest

from config.error_pages import NothingSent


def test_a_report_names_cookies_and_not_what_is_in_them() -> None:
    request = HttpRequest()
    request.COOKIES = {"sessionid": "canary", "theme": "canary"}
    told = NothingSent().get_safe_cookies(request)
    assert set(told) == {"sessionid", "theme"}
    assert "canary" not in str(told)
    assert NothingSent().get_safe_cookies(None) == {}
