"""The pages of terms and privacy: the text that an operator wrote last, and until then one that says it is none."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import legal_texts
from accounts.models import LegalText

from . import rendering

__all__ = ["PLACEHOLDERS", "privacy", "terms"]

_NOTHING_YET = "**This text is a placeholder. Whoever runs this site has not written theirs yet.**"
PLACEHOLDERS = {
    LegalText.Kind.TERMS: f"""# Terms

{_NOTHING_YET} It binds nobody and promises nothing. Before you pay here, ask the operator for the terms they sell by.

## What stands here once it is written

- Who runs this site, and how to reach them.
- What is sold, and at which prices: those of the [list](/catalog/models), and the [rule](/docs/interruptions) for answers that break off.
- How credit is paid, refunded, and when it expires.
- What may not be done with models, and when a workspace is suspended.
- Which law applies.
""",
    LegalText.Kind.PRIVACY: f"""# Privacy

{_NOTHING_YET} What the software itself does is below; what else the operator does, and why they may, is theirs to say.

## What the software keeps

- **Requests**: when, which model and key, how many tokens, what it cost, and your tag. Not what you wrote, and not what a model answered.
- **Talks of the hub dialect**: where a client sends a `session_id`, the last ten messages, sealed, for an hour or until they are erased.
- **People**: the e-mail address, where they are signed in, and what they changed in a workspace.
- **Money**: payments, papers and the ledger, for as long as books must be kept.

## Who else gets it

What you send to a model goes to the upstream that answers; the page of each model names them in the order they are tried.
""",
}
"""What the pages say until an operator has written a text, by its kind."""


@require_safe
@never_cache
def terms(request: HttpRequest) -> HttpResponse:
    """Show the terms."""
    return _page(request, LegalText.Kind.TERMS)


@require_safe
@never_cache
def privacy(request: HttpRequest) -> HttpResponse:
    """Show the privacy notice."""
    return _page(request, LegalText.Kind.PRIVACY)


def _page(request: HttpRequest, kind: LegalText.Kind) -> HttpResponse:
    written = legal_texts.newest(kind)
    body = rendering.passage(written.text if written else PLACEHOLDERS[kind])
    return render(request, "docs/legal.html", {"title": kind.label, "written": written, "body": body})
