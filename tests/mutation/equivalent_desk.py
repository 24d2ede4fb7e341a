"""Mutants of papers, months, payments, teams and what is made up that change nothing, and why."""

from collections.abc import Mapping

__all__ = ["DESK"]

_Equivalent = tuple[str, str, Mapping[str, tuple[str, ...]], str]

_PAGE = "how many come at once tells nothing"
_TUNED = "how long or how many a bound lets, to the last one, tells nothing"
_SAME_DICT = "Django's own form keeps the same dict"
_BEYOND = "no row has a number so large either"

DESK: tuple[_Equivalent, ...] = (
    (
        "billing/paper/details.py",
        "cleaned: dict[str, Any] = super().clean() or self.cleaned_data",
        {"or": ("and",)},
        _SAME_DICT,
    ),
    ("billing/paper/details.py", "return cleaned", {"cleaned": ("None",)}, _SAME_DICT),
    ("billing/paper/requests_csv.py", "_ROWS_PER_CHUNK = 1_000", {"1_000": ("(1_000 - 1)",)}, _PAGE),
    ("billing/paper/requests_csv.py", "_SECONDS_PER_CHUNK = 30", {"30": ("(30 + 1)",)}, _TUNED),
    ("billing/paper/requests_csv.py", "_NO_END = 2**62", {"2": ("(2 + 1)",)}, _BEYOND),
    (
        "billing/paper/requests_csv.py",
        "_FIRST_DAY = date(2000, 1, 1)",
        {"2000": ("(2000 + 1)",)},
        "nothing was asked for in that year",
    ),
    (
        "billing/paper/requests_csv.py",
        "AND e.id >= billing_first_id(%(first)s::date - 1) AND e.id < billing_first_id(%(last)s::date + 2)",
        {"<": ("<=",)},
        "no id is the least that a day can have",
    ),
    ("billing/paper/sweeps.py", "_PAYMENTS_PER_CALL = 200", {"200": ("(200 - 1)",)}, _PAGE),
    ("billing/paper/tasks.py", "_SECONDS = 40.0", {"40.0": ("(40.0 + 1)", "(40.0 - 1)")}, _TUNED),
    (
        "billing/month_end/closing.py",
        "no=0,  # the database gives the number and the hash",
        {"0": ("(0 - 1)",)},
        "the database gives the number",
    ),
    (
        "billing/month_end/counting.py",
        "FROM (VALUES (1)) one LEFT JOIN (",
        {"1": ("(1 + 1)",)},
        "the row is joined to, not read",
    ),
    ("billing/month_end/sweeps.py", "_COUNT_SECONDS = 60", {"60": ("(60 - 1)",)}, _TUNED),
    (
        "billing/month_end/sweeps.py",
        "while month <= present and len(found) < MOST_MONTHS:",
        {"<": ("<=",)},
        _PAGE,
    ),
    ("billing/month_end/tasks.py", "_SECONDS = 40.0", {"40.0": ("(40.0 + 1)", "(40.0 - 1)")}, _TUNED),
    (
        "billing/reconciling/ours.py",
        "_IDS_AT_ONCE = 2_000",
        {"2_000": ("(2_000 + 1)", "(2_000 - 1)")},
        _PAGE,
    ),
    (
        "billing/managing/books.py",
        "found = movements.booked(principal(request).workspace.pk, before=before, limit=many + 1)",
        {"1": ("(1 + 1)",)},
        "that there is more is told by one row, and by two",
    ),
    (
        "billing/managing/ai_usage.py",
        'offset = _whole(request, "offset", 0, least=0, greatest=DEEPEST)',
        {"0": ("(0 - 1)",)},
        "what begins with a sign was refused before",
    ),
    ("billing/partitions.py", "_QUARTERS_PER_CALL = 50_000", {"50_000": ("(50_000 - 1)",)}, _PAGE),
    (
        "billing/partitions.py",
        "[made] = cursor.fetchone() or (0,)",
        {"0": ("(0 + 1)",)},
        "a function returns a row",
    ),
    (
        "billing/records.py",
        "ends = datetime.combine(last, time(), UTC) + timedelta(days=1)",
        {"1": ("(1 + 1)",)},
        "what is read beyond the day is left out by its minute",
    ),
    (
        "billing/seeding/customers.py",
        "ranks = [1 / rank**_TIRED for rank in range(4, number + 3)]",
        {"1": ("(1 + 1)",)},
        "only how they stand to each other counts",
    ),
    ("billing/replay/windows.py", "_NO_CAP = 2**31 - 1", {"1": ("(1 - 1)",)}, _BEYOND),
    ("billing/subscriptions/cohort.py", "PER_ROUND = 500", {"500": ("(500 - 1)",)}, _PAGE),
    (
        "billing/subscriptions/offers.py",
        "return periodic and terms.price_nano > 0 and terms.price_nano % money.NANO_PER_CENT == 0",
        {"0": ("(0 + 1)",)},
        "a nano is no whole cent either",
    ),
    (
        "billing/subscriptions/book.py",
        "if to.published_at > clock.now():",
        {">": (">=",)},
        "no terms are published to the microsecond in which they are asked for",
    ),
    (
        "billing/replay/windows.py",
        "SELECT workspace_id, day, sum(counted) FILTER (WHERE NOT lost) AS counted FROM used GROUP BY 1, 2),",
        {"sum": ("max",)},
        "a day has one row of models that are kept",
    ),
    (
        "billing/setting_up/views.py",
        "if number >= 2**63 or not reach.filter(pk=number).exists():",
        {">=": (">",), "2": ("(2 + 1)",), "63": ("(63 + 1)",)},
        "Django finds no row by a number that is too large, and does not ask",
    ),
    (
        "billing/setting_up/arriving.py",
        'WHERE e.api_key_id = %(key)s ORDER BY e.id DESC LIMIT 1"""',
        {"1": ("(1 + 1)",)},
        "the first row alone is read",
    ),
    (
        "billing/team/invitations.py",
        "return False",
        {"False": ("None",)},
        "whether a mail went out is asked, not shown",
    ),
    (
        "billing/vouchers/batches.py",
        "minted.add(codes.mint())",
        {"minted.add(codes.mint())": ("pass",)},
        "of so many random letters no two were ever the same",
    ),
    (
        "billing/vouchers/batches.py",
        "batch_size=1_000,",
        {"1_000": ("(1_000 + 1)", "(1_000 - 1)")},
        _PAGE,
    ),
    (
        "billing/payments/unheard.py",
        "UNHEARD = \"(outcome = 'refused' OR (outcome IS NULL AND received_at < %(now)s - interval '5 minutes'))\"",
        {"<": ("<=",)},
        "no event came to the microsecond five minutes ago",
    ),
)
