"""Template tags that set what Logs has many of: bars, their numbers as a table, and lines of the list.

A template looks up and formats each figure by itself, which takes several times as long; a page has a thousand.
"""

from collections.abc import Iterable
from uuid import UUID

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing.logs.drawing import Drawn
from billing.logs.lines import Line

from .figures import money

register = template.Library()

_LINE = (
    '<tr id="r-{}"{}>'
    '<td class="when"><a href="{}/{}{}"{}>{}<time datetime="{}">{}</time></a>'
    '<span class="phone-only dim"> · {} tokens · {}</span></td>'
    '<td class="status"><span class="badge {}">{}</span></td>'
    '<td class="model mono">{}</td>'
    '<td class="more support">{}</td>'
    '<td class="more support">{}</td>'
    '<td class="num tokens">{}</td>'
    '<td class="num ttfb">{}</td>'
    '<td class="num charge">{}</td>'
    '<td class="num more age dim">{}</td>'
    "</tr>\n"
)
_SINCE = format_html('<span class="dim">{}</span> ', "since")
_FREE = format_html('<span class="dim">{}</span>', "not charged")
_SELECTED = format_html(' class="{}" aria-selected="true"', "selected")
_CURRENT = format_html(' aria-current="{}"', "true")


@register.simple_tag
def fields(drawn: Drawn) -> SafeString:
    """Set the field of each bar, to be pointed at, chosen and heard; the blocks are drawn above them."""
    field = format_html('<rect class="hit" x="{{}}" width="{}" height="100"/>', drawn.width)
    return format_html_join(
        "",
        '<g data-from="{}" data-to="{}"><title>{}</title>' + field + "</g>",
        ((each.begins, each.ends, each.words, each.x) for each in drawn.columns),
    )


@register.simple_tag
def numbers(drawn: Drawn, path: str) -> SafeString:
    """Set the numbers of each bar as a row, which leads to the list at a path of its time."""
    return format_html_join(
        "",
        '<tr><th scope="row"><a class="link" href="{}">{}</a></th>' + 3 * '<td class="num">{}</td>' + "</tr>",
        ((path + each.address, each.name, *each.counts) for each in drawn.columns),
    )


@register.simple_tag
def lines(found: Iterable[Line], path: str, here: str, selected: UUID | str) -> SafeString:
    """Set lines of the list at a path, each leading to its request beside the list `here`; one may be selected."""
    return format_html_join(
        "", _LINE, (_line(each, path, here, each.request_id == selected) for each in found)
    )


def _line(line: Line, path: str, here: str, selected: bool) -> tuple[object, ...]:
    """Return what goes into the places of a line, in their order."""
    return (
        *(line.request_id.hex, _SELECTED if selected else ""),
        *(path, line.request_id, here, _CURRENT if selected else ""),
        *(_SINCE if line.running else "", line.stamp, line.clock, line.tokens, line.first_token),
        *(line.badge, line.ending, line.model, line.key, line.upstream, line.tokens, line.first_token),
        *(_charge(line), line.age),
    )


def _charge(line: Line) -> SafeString:
    if line.held is not None:
        return format_html('<span class="dim">held {}</span>', money(line.held, 2))
    return _FREE if line.charge is None else money(line.charge, 6)
