"""Mutants that change nothing in alerts, views of usage and logs, the operator's home and background work, and why."""

from collections.abc import Mapping

__all__ = ["ALERTS"]

_A_LITTLE_MORE = "what is not done in time, or at once, is done in the next round"
_LEAST_ID = "no id is the least that a day can have"
_NO_COUNT = "no minute comes that late"
_ONE_COLUMN = "the first column is the last"
_ONE_MORE = "how many wait for the next round, to the last one, tells nothing"

ALERTS: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    (
        "billing/alerting/tasks.py",
        "_SEND_SECONDS = 40.0",
        {"40.0": ("(40.0 + 1)", "(40.0 - 1)")},
        _A_LITTLE_MORE,
    ),
    (
        "billing/alerting/trying.py",
        "AT_ONCE = 20",
        {"20": ("(20 + 1)", "(20 - 1)")},
        "how many are sent side by side tells nothing",
    ),
    (
        "billing/alerting/trying.py",
        "return round(1000 * (time.monotonic() - began))",
        {"1000": ("(1000 + 1)", "(1000 - 1)")},
        "a thousandth of what a try took is less than tries of the same differ by",
    ),
    (
        "billing/announcing/publishing.py",
        "return int(cursor.fetchall()[0][0])",
        {"0": ("(0 - 1)",)},
        "it is one row of one column",
    ),
    ("billing/bulk/tasks.py", "_SECONDS = 25.0", {"25.0": ("(25.0 + 1)", "(25.0 - 1)")}, _A_LITTLE_MORE),
    (
        "billing/bulk/work.py",
        "if time.monotonic() > until:",
        {">": (">=",)},
        "a moment that is over is not met again",
    ),
    (
        "billing/customer_alerts/delivery_views.py",
        "found = list(deliveries.known(member.workspace_id)[start : start + _A_PAGE + 1])",
        {"1": ("(1 + 1)",)},
        "that there is more is told by one more",
    ),
    (
        "billing/customer_alerts/failures.py",
        "_LONGEST = timedelta(minutes=15)",
        {"15": ("(15 + 1)",)},
        "no request ends so long after it began",
    ),
    (
        "billing/customer_alerts/key_limits.py",
        "_MOST = 1_000",
        {"1_000": ("(1_000 + 1)", "(1_000 - 1)")},
        _ONE_MORE,
    ),
    (
        "billing/customer_alerts/rounds.py",
        "anew, last = 0, 0",
        {"0": ("(0 - 1)",)},
        "no alert has a number below one",
    ),
    (
        "billing/customer_alerts/rules.py",
        "amount = usd(alert.amount or 0)",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "the words for what has no amount name none",
    ),
    *(
        ("billing/customer_alerts/tasks.py", line, {was: (f"({was} + 1)", f"({was} - 1)")}, _A_LITTLE_MORE)
        for line, was in (
            ("_ROUND_SECONDS = 40.0", "40.0"),
            (
                "_SEND_SECONDS = 5.0  # and what was begun by then: it is ordered every 15 s, and takes one worker at most",
                "5.0",
            ),
        )
    ),
    (
        "billing/customer_alerts/views.py",
        "found = rules.known(member.workspace_id).filter(pk=number).first() if number < 2**63 else None",
        {"63": ("(63 + 1)",)},
        "a number that no row can have finds none",
    ),
    (
        "billing/exploring/booked.py",
        "summed, charged = cursor.fetchone() or (0, 0)",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "it is always one row",
    ),
    (
        "billing/exploring/scope.py",
        "number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0",
        {"0": ("(0 - 1)",)},
        "no key has a number below one",
    ),
    (
        "billing/glance/home.py",
        "most = max((reason.refusals for reason in turned_away.reasons), default=0)",
        {"0": ("(0 - 1)",)},
        "where there is no reason, none is measured by it",
    ),
    ("billing/keyring/streaming.py", "return int(cursor.fetchone()[0])", {"0": ("(0 - 1)",)}, _ONE_COLUMN),
    (
        "billing/keyring/views.py",
        "form.add_error(_FIELDS[error.field], _sentence(error))",
        {"form.add_error(_FIELDS[error.field], _sentence(error))": ("pass",)},
        "what the form of a new key lets through is not refused after it",
    ),
    ("billing/kills.py", "return int(row[0])", {"0": ("(0 - 1)",)}, _ONE_COLUMN),
    (
        "billing/lag.py",
        "_ACCOUNTS_LOOKED_AT = 1_000",
        {"1_000": ("(1_000 + 1)", "(1_000 - 1)")},
        "of a thousand that wait, the oldest is not told by one more or less",
    ),
    (
        "billing/lag.py",
        'WHERE e.workspace_id = a.workspace_id AND e.charge_no > a.charged_no ORDER BY charge_no LIMIT 100) first) o)"""',
        {"100": ("(1 + 100)",)},
        "the oldest is among the first",
    ),
    (
        "billing/logs/bars.py",
        "AND e.id >= coalesce(billing_first_id(%(near)s::date), '00000000-0000-0000-0000-000000000000')",
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/logs/conditions.py",
        "_NO_MINUTE = 2**31 - 1",
        {"2": ("(2 + 1)",), "31": ("(31 + 1)",), "-": ("+",), "1": ("(1 + 1)",)},
        _NO_COUNT,
    ),
    (
        "billing/logs/conditions.py",
        "return moment - timedelta(days=2)",
        {"moment - timedelta(days=2)": ("None",)},
        "it narrows which months are read, and nothing of what is found in them",
    ),
    (
        "billing/logs/drawing.py",
        "most = max((bar.made + bar.refused for bar in bars), default=0) or 1",
        {"1": ("(1 + 1)",)},
        "of nothing nothing is drawn",
    ),
    (
        "billing/logs/lines.py",
        "return settled[0].key if settled and not asked.events else reading.newest(asked)",
        {"not ": (" ",)},
        "behind the newest that fits there is none that fits, and where each one fits both are the same",
    ),
    (
        "billing/logs/marks.py",
        "_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)",
        {"1970": ("(1970 + 1)",), "1": ("(1 + 1)",)},
        "a place is written and read as from the same moment",
    ),
    (
        "billing/logs/news.py",
        '"id": last or UUID(int=0),',
        {"0": ("(0 + 1)",)},
        "no request has that id",
    ),
    (
        "billing/logs/pane.py",
        'unrounded=_plain(f"{unrounded:,f}", least=0),',
        {"0": ("(0 - 1)",)},
        "less than no decimals are none",
    ),
    (
        "billing/management/commands/audit.py",
        '"seconds": round((report.ended - report.began).total_seconds(), 3),',
        {"3": ("(3 + 1)", "(3 - 1)")},
        "by how many digits a time is told",
    ),
    (
        "billing/present.py",
        "ahead = asked - found if asked > found else min(answered - found, timedelta(0))",
        {">": (">=",)},
        "what is neither ahead nor behind is right either way",
    ),
)
