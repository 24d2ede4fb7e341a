"""That a secret is shown once: which forms of a session have made one, so that loading an answer again makes no other."""

from uuid import UUID

from django.http import Http404, HttpRequest

__all__ = ["remember", "shown_before"]

_KEPT = "secrets shown"
_MOST = 20  # of a session: more than a person loads again


def shown_before(request: HttpRequest) -> bool:
    """Tell whether the form that was sent has made a secret already. Raises Http404 for what is no form of ours."""
    try:
        once = str(UUID(request.POST.get("once", "")))
    except ValueError:
        raise Http404("once: from the page that asks") from None
    return once in request.session.get(_KEPT, [])


def remember(request: HttpRequest) -> None:
    """Note that the form that was sent has made a secret."""
    request.session[_KEPT] = [*request.session.get(_KEPT, []), request.POST.get("once", "")][-_MOST:]
