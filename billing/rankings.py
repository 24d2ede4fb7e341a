"""How much each model is used by the workspaces that let it be counted: sums over all of them, of days that are over."""

from dataclasses import dataclass
from datetime import timedelta

from billing import sums
from kernel import clock, money
from kernel.kept import kept
from kernel.replica import reading

__all__ = ["LEAST_WORKSPACES", "MOST", "SPANS", "Used", "used"]

SPANS = (7, 30)
"""Over how many UTC days there are sums; today is not over, and not among them."""
LEAST_WORKSPACES = 3
"""A model is told once so many workspaces used it, so that no sum is anybody's own."""
MOST = 50
_DIGITS = 2
_KEPT_SECONDS = 300.0
_TOKENS = f"{sums.PROMPT} + {sums.COMPLETION}"
_READ = f"""
SELECT u.model_id, sum({_TOKENS})::bigint
FROM accounts_workspace w JOIN billing_daily_usage u ON u.workspace_id = w.id
WHERE w.in_rankings AND w.status = 'active' AND u.day >= %(first)s AND u.day < %(today)s AND {_TOKENS} > 0
GROUP BY u.model_id HAVING count(DISTINCT u.workspace_id) >= {LEAST_WORKSPACES}
ORDER BY 2 DESC, 1 LIMIT {MOST}"""


@dataclass(frozen=True, slots=True)
class Used:
    """A model, and how many tokens of it all workspaces together used that are counted, to two digits.

    An exact sum would tell, when one more workspace is counted, what that one used.
    """

    model_id: int
    tokens: int


@kept(_KEPT_SECONDS)
def used(days: int) -> list[Used]:
    """Return the models that were used most in the last days, at most five minutes old. Raises ValueError for other SPANS."""
    if days not in SPANS:
        raise ValueError(f"days: one of {', '.join(map(str, SPANS))}")
    today = clock.utc_day(clock.now())
    with reading() as cursor:
        cursor.execute(_READ, {"first": today - timedelta(days=days), "today": today})
        return [Used(model, _rounded(tokens)) for model, tokens in cursor.fetchall()]


def _rounded(tokens: int) -> int:
    step = int(10 ** max(len(str(tokens)) - _DIGITS, 0))
    return money.half_up(tokens, step) * step
