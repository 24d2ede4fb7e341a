"""Reads the operator's pages."""

import re
from typing import Any

from django.contrib import admin
from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

_BLOCKS = re.compile(r"</(?:td|th|tr|p|div|li|h\d|option|a)>|<br>")


def text(client: Client, name: str, *arguments: object, query: str = "") -> str:
    answer = client.get(reverse(f"admin:{name}", args=arguments) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def plain(shown: object) -> str:
    """Return what is read of a page, or of a part of one."""
    parted = _BLOCKS.sub(" ", str(shown))
    return " ".join(strip_tags(parted).split())


def said(answer: Any) -> str:
    """Return what an operator is told last by what they did."""
    return [str(each) for each in get_messages(answer.wsgi_request)][-1]


def column(row: Model, name: str) -> str:
    """Return what the page of a row's kind shows of it in the column of that name."""
    page: Any = admin.site._registry[type(row)]
    shown = getattr(page, name, None) or next(
        each for each in page.list_display if getattr(each, "__name__", "") == name
    )
    return plain(shown(row))
