"""Reads the operator's pages."""

from django.test import Client
from django.urls import reverse


def text(client: Client, name: str, *arguments: object, query: str = "") -> str:
    answer = client.get(reverse(f"admin:{name}", args=arguments) + query)
    assert answer.status_code == 200
    return answer.content.decode()
