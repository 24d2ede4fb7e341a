"""Mutants that change nothing in the operator's pages, and why: no test can notice them."""

from collections.abc import Mapping

__all__ = ["ADMIN"]

_BY_ITSELF = "Django keeps what was cleaned where nothing is returned"
_FEWER_COLUMNS = "the table has fewer columns than that"
_FOUND_ONCE = "what is found once is told once either way"
_HAS_A_NUMBER = "what a dialog is opened of has a number"
_NO_NUMBER = "no row has so great a number"
_SAME = "both are the same dictionary"

ADMIN: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    *(
        (
            f"billing/admin_{name}.py",
            "cleaned: dict[str, Any] = super().clean() or self.cleaned_data",
            {"or": ("and",)},
            _SAME,
        )
        for name in ("announcement_forms", "bulk_forms", "voucher_forms")
    ),
    *(
        (f"billing/admin_{name}.py", "return cleaned", {"cleaned": ("None",)}, _BY_ITSELF)
        for name in ("alert_forms", "bulk_forms")
    ),
    *(
        (f"billing/admin_{name}.py", line, {"False": ("True",)}, _FOUND_ONCE)
        for name, line in (
            ("paper", "return queryset.filter(series=series, number=int(number)), False"),
            (
                "subscriptions",
                "return queryset.filter(stripe_subscription_id=search_term.strip()), False",
            ),
            ("usage", "return search(request, queryset, search_term, self.search_fields[0]), False"),
            ("usage", "return of_request(request, queryset, search_term), False"),
        )
    ),
    (
        "billing/admin_usage.py",
        "return search(request, queryset, search_term, self.search_fields[0]), False",
        {"0": ("(0 - 1)",)},
        "the first of one field is the last",
    ),
    (
        "billing/admin_requests.py",
        "return min(int(value), 2**63 - 1) if value.isascii() and value.isdigit() else None",
        {"1": ("(1 + 1)",)},
        _NO_NUMBER,
    ),
    ("billing/admin_filters.py", "return []", {"[]": ("None",)}, "Django takes nothing for no choices"),
    (
        "billing/admin_filters.py",
        "_GREATEST = 2**63 - 1",
        {"63": ("(63 - 1)",), "1": ("(1 + 1)",)},
        _NO_NUMBER,
    ),
    (
        "billing/admin_requests_bars.py",
        "most = max((bar.made + bar.refused for bar in bars), default=0) or 1",
        {"1": ("(1 + 1)",)},
        "where there is nothing no bar is drawn",
    ),
    ("billing/admin_firings.py", "figures_from=9,", {"9": ("(9 + 1)", "(9 - 1)")}, _FEWER_COLUMNS),
    (
        "billing/admin_alert_forms.py",
        'return table(("Kind", "When", "Threshold in"), rows, figures_from=9)',
        {"9": ("(9 + 1)", "(9 - 1)")},
        _FEWER_COLUMNS,
    ),
    (
        "billing/admin_payment_forms.py",
        'raise forms.ValidationError("Say what came of it.")',
        {'raise forms.ValidationError("Say what came of it.")': ("pass",)},
        "the field refuses blank words before",
    ),
    (
        "billing/admin_vouchers.py",
        "return False",
        {"False": ("None",)},
        "what is nothing is not allowed either",
    ),
    (
        "billing/admin_terms.py",
        'before = PlanVersion.objects.select_related("plan").filter(pk=object_id or 0).first()',
        {"0": ("(0 + 1)", "(0 - 1)")},
        _HAS_A_NUMBER,
    ),
    (
        "billing/admin_workspace_forms.py",
        "workspace = Workspace.objects.filter(pk=object_id or 0).first()",
        {"0": ("(0 + 1)", "(0 - 1)")},
        _HAS_A_NUMBER,
    ),
    (
        "billing/admin_workspace_overview.py",
        "spent_day=spent_within([workspace.pk], now - DAY).get(workspace.pk, 0),",
        {"0": ("(0 - 1)", "(0 + 1)")},
        "every workspace has an account, and so a sum",
    ),
)
