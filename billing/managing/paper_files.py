"""The routes on one paper as a file: PDF, HTML, and a statement's lines as CSV, the same as on the page Papers."""

from uuid import UUID

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request

from accounts.powers import Power
from billing.models import Paper
from billing.paper import face, statement_lines
from billing.paper.printed import printed

from .document import MISSING, tells
from .door import Managed, missing, principal

__all__ = ["AsCsv", "AsHtml", "AsPdf"]

_STYLES = ("css/tokens.css", "css/frame.css", "css/parts.css", "css/paper.css")
_PDF, _HTML, _CSV = "application/pdf", "text/html", "text/csv"


class AsPdf(Managed):
    """A paper as PDF."""

    powers = {"get": Power.PAY}

    @tells(OpenApiTypes.BINARY, name="download_paper_as_pdf", status=(200, _PDF), refusals=MISSING)
    def get(self, request: Request, paper_id: str) -> HttpResponse:
        """Send a paper as PDF, the same bytes each time."""
        found = _own(request, paper_id)
        return _file(printed(found), _PDF, f"{found.label}.pdf")


class AsHtml(Managed):
    """A paper as HTML."""

    powers = {"get": Power.PAY}

    @tells(OpenApiTypes.STR, name="download_paper_as_html", status=(200, _HTML), refusals=MISSING)
    def get(self, request: Request, paper_id: str) -> HttpResponse:
        """Send a paper as a page of its own, whose styles are read from this site."""
        found = _own(request, paper_id)
        context = {
            "face": face.face(found),
            "digest": bytes(found.digest).hex(),
            "styles": [request.build_absolute_uri(static(style)) for style in _STYLES],
        }
        text = render_to_string("billing/paper/alone.html", context)
        return _file(text.encode(), f"{_HTML}; charset=utf-8", f"{found.label}.html")


class AsCsv(Managed):
    """A statement's lines."""

    powers = {"get": Power.PAY}

    @tells(OpenApiTypes.STR, name="download_statement_as_csv", status=(200, _CSV), refusals=MISSING)
    def get(self, request: Request, paper_id: str) -> HttpResponse:
        """Send a statement's lines as CSV; they add up to it. Other papers have none."""
        found = _own(request, paper_id)
        if found.kind != Paper.Kind.STATEMENT:
            raise missing("statement")
        return _file(statement_lines.csv(found).encode(), f"{_CSV}; charset=utf-8", f"{found.label}.csv")


def _own(request: Request, paper_id: str) -> Paper:
    """Return a paper of ours. One that somebody else issued has no file here: its address is in the list."""
    try:
        number = UUID(paper_id)
    except ValueError:
        raise missing("paper") from None
    found = Paper.objects.filter(
        pk=number, workspace_id=principal(request).workspace.pk, series__isnull=False
    ).first()
    if found is None:
        raise missing("paper")
    return found


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
