"""The operator's page on which an upstream's file is read and held against ours."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from billing import figures
from billing.admin_reconciling_forms import FileForm
from billing.models import UpstreamFile
from billing.reconciling import files
from billing.reconciling.reading import MOST_BYTES, Unreadable
from catalog import admin_apart


def reconcile(request: HttpRequest) -> HttpResponse:
    """Take a file in. Raises PermissionDenied for who may not."""
    if not request.user.has_perm("billing.add_upstreamfile"):
        raise PermissionDenied
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = _taken_in(request, form)
        if file is not None:
            page: Any = admin.site._registry[UpstreamFile]
            page.log_addition(request, file, f"{file.rows} lines of {file.name} held against ours.")
            messages.success(request, f"{figures.count(file.rows)} lines read and held against ours.")
            return HttpResponseRedirect(reverse("admin:billing_upstreamfile_change", args=[file.pk]))
    context = {**admin.site.each_context(request), "title": "Reconcile", "form": form}
    return render(request, "admin/reconciling/upload.html", context)


def _taken_in(request: HttpRequest, form: FileForm) -> UpstreamFile | None:
    given = form.cleaned_data["file"]
    if given.size > MOST_BYTES:
        form.add_error("file", f"It is larger than {MOST_BYTES // 2**20} MiB; take fewer days.")
        return None
    try:
        return files.take_in(
            given.read(),
            provider_id=form.cleaned_data["provider"].pk,
            name=given.name,
            preset=form.cleaned_data["preset"],
            given=form.given(),
            by=str(request.user),
        )
    except Unreadable as error:
        form.add_error("file", f"Not read: {error}.")
        return None


admin_apart.add("reconcile/", reconcile, name="reconcile")
