"""Which terms and which privacy notice are in force: the newest that an operator wrote, or that there is none yet."""

from .legal_text_row import LegalText

__all__ = ["newest"]


def newest(kind: str) -> LegalText | None:
    """Return the text of a kind that is in force, or None where nobody wrote one."""
    return LegalText.objects.filter(kind=kind).order_by("-pk").first()
