"""The page Papers: what was issued to a workspace, each paper to read and to keep, and whom they are made out to."""

from typing import TypeVar
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Member
from billing import reach
from billing.models import BillingDetails, Paper
from billing.seats import frame, payers
from kernel import clock

from . import face, requests_csv, statement_lines
from .details import DetailsForm
from .months import Month
from .printed import printed
from .shelf import shelf

__all__ = ["details", "lines", "paper", "papers", "portable", "requests"]

Answer = TypeVar("Answer", bound=HttpResponseBase)


@require_GET
@payers
def papers(request: HttpRequest, member: Member) -> HttpResponse:
    """List the papers of the signed-in person's workspace; ?page=2 has older ones."""
    within = reach.of(member.workspace.terms.retention_days)
    page = request.GET.get("page", "1")
    shown = shelf(
        member.workspace_id,
        page=int(page) if page.isdecimal() and len(page) < 7 else 1,
        now=clock.now(),
        exports_from=max(clock.utc_day(member.workspace.created_at), within.first_day),
    )
    context = {"page": shown, "reach": within}
    return render(request, "billing/paper/papers.html", frame(member, here="papers") | context)


@require_GET
@payers
def paper(request: HttpRequest, member: Member, paper: UUID) -> HttpResponse:
    """Show a paper, to read or to print."""
    found = _own(member, paper)
    context = {"paper": found, "face": face.face(found), "digest": bytes(found.digest).hex()}
    return render(request, "billing/paper/paper.html", frame(member, here="papers") | context)


@require_GET
@payers
def portable(request: HttpRequest, member: Member, paper: UUID) -> HttpResponse:
    """Send a paper as PDF."""
    found = _own(member, paper)
    return _file(HttpResponse(printed(found), content_type="application/pdf"), f"{found.label}.pdf")


@require_GET
@payers
def lines(request: HttpRequest, member: Member, paper: UUID) -> HttpResponse:
    """Send a statement's lines as CSV."""
    found = _own(member, paper)
    if found.kind != Paper.Kind.STATEMENT:
        raise Http404("only statements have lines")
    return _file(HttpResponse(statement_lines.csv(found), content_type="text/csv"), f"{found.label}.csv")


@require_GET
@payers
def requests(request: HttpRequest, member: Member) -> HttpResponseBase:
    """Send all requests of a month as CSV, as far back as the plan shows them; ?month=2026-11."""
    try:
        month = Month.read(request.GET.get("month", ""))
    except ValueError as error:
        raise Http404(str(error)) from None
    within = reach.of(member.workspace.terms.retention_days)
    if month.last < within.first_day:
        raise Http404(within.words)
    if requests_csv.busy():
        return HttpResponse(
            "Other exports are under way. Try again in a minute.", status=503, headers={"Retry-After": "60"}
        )
    span = requests_csv.span(member.workspace_id, month, reach=within)
    cut = f"-from-{within.first_day}" if within.first_day > month.first else ""
    name = f"requests-{month}{cut}{'' if span.stated else '-so-far'}.csv"
    return _file(StreamingHttpResponse(requests_csv.chunks(span), content_type="text/csv"), name)


@require_http_methods(["GET", "POST"])
@payers
def details(request: HttpRequest, member: Member) -> HttpResponse:
    """Show and keep whom papers are made out to from now on."""
    row = BillingDetails.objects.filter(pk=member.workspace_id).first()
    row = row or BillingDetails(workspace_id=member.workspace_id)
    form = DetailsForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        kept = form.save(commit=False)
        kept.changed_at, kept.changed_by = clock.now(), member.user.email
        kept.save()
        messages.info(
            request, "Kept. Papers from now on are made out like this; those that exist stay as they are."
        )
        return redirect("dashboard:papers")
    status = 400 if form.errors else 200
    return render(
        request, "billing/paper/details.html", frame(member, here="papers") | {"form": form}, status=status
    )


def _own(member: Member, paper: UUID) -> Paper:
    return get_object_or_404(Paper, pk=paper, workspace_id=member.workspace_id, series__isnull=False)


def _file(answer: Answer, name: str) -> Answer:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
