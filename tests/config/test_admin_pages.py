"""The admin's pages are loaded with the site's addresses and to be checked, and by nothing that has no pages."""

import subprocess
import sys

import pytest

SETUP = "import sys, django; django.setup(); from django.contrib import admin; "


@pytest.mark.parametrize(
    ("act", "loaded"),
    [
        ("import config.celery", False),
        ("from django.core.checks import run_checks; run_checks(tags=['admin'])", True),
        ("import config.urls", True),
    ],
)
def test_are_there_when_they_are_wanted(act: str, loaded: bool) -> None:
    tell = "; print(len(admin.site._registry) > 3, 'catalog.admin_page' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", SETUP + act + tell], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == [str(loaded)] * 2
