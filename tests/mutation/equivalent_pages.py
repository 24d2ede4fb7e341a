"""Mutants that change nothing in what pages show, and why: no test can notice them."""

from collections.abc import Mapping

__all__ = ["PAGES"]

PAGES: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    (
        "billing/charts.py",
        'name=f"Other ({len(models)} models)" if colour == _OTHER and len(models) > 1 else rows[0].model,',
        {"0": ("(0 - 1)",)},
        "all rows of it are of one model",
    ),
    (
        "billing/admin.py",
        'return admin_usage.search(request, queryset, search_term, "workspace_id"), False',
        {"False": ("True",)},
        "what is found once is told once either way",
    ),
    (
        "billing/glance/margins.py",
        "Model.objects.filter(pk__in=[-1, *(number for number, _ in ranked[:SHOWN])]).values_list(",
        {"-": (" ",), "1": ("(1 + 1)", "(1 - 1)")},
        "a model that is not shown is not named",
    ),
    (
        "billing/glance/pulse.py",
        "_CALLS, _FAILURES, _ADDED = 0, -1, 100",
        {"100": ("(100 + 1)", "(100 - 1)")},
        "any number beyond the buckets tells them apart",
    ),
    (
        "billing/glance/pulse.py",
        "if slot is not None:",
        {"is not": ("is",)},
        "what was before comes to the same by slot and by upstream",
    ),
)
