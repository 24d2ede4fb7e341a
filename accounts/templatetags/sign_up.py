"""The template tag that tells whether whoever looks may make an account."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import template

register = template.Library()


@register.simple_tag(takes_context=True)
def may_sign_up(context: template.Context) -> Any:
    """Tell whether whoever asks for the page may make an account."""
    return get_adapter().is_open_for_signup(context["request"])
