"""What is said of a request that has ended: how, who counted its tokens, by which rule it is charged; in the second person."""

from billing import figures
from billing.receipts import Receipt

__all__ = ["counted", "how", "rule"]

_COUNTED = {
    "upstream": "Reported by the upstream.",
    "counted": "Counted by Tollway on what was relayed to you: the upstream sent no usage.",
    "checkpoint": "Taken from the last checkpoint of the process that served you, which ended before the request did.",
    "bound": "Bounded by what was held: neither the upstream nor Tollway could count it.",
    "none": "There was nothing to count.",
}
_SUSPECT = "What the upstream reported was impossible or incomplete, and was mended."
_ALL = "The answer was complete: what it used is charged."
_RULES = {
    "client_gone": "You left after {tokens}. What had been produced is charged; nothing after.",
    "killed": "Your workspace ended its streams after {tokens}. What had been produced is charged; nothing after.",
    "upstream_cut": "The upstream broke off after {tokens}. What was delivered is charged; nothing after.",
    "spent": "The credit or the key's budget was used up after {tokens}. What was delivered is charged; nothing after.",
    "drained": "Tollway restarted after {tokens}. What was delivered is charged; nothing after.",
    "reaped": "A process of Tollway ended after {tokens}. What its last checkpoint had as delivered is charged.",
    "failed": "Nothing was delivered, so nothing is charged.",
}
_FREE = "There was not a single output token, so nothing is charged."


def how(receipt: Receipt) -> str:
    """Return the wire's side of how it ended: 200, streamed."""
    code = f" {receipt.error_code}" if receipt.error_code else ""
    return f"{receipt.http_status}{code}, {'streamed' if receipt.stream else 'answered whole'}"


def counted(receipt: Receipt) -> str:
    """Return who counted the tokens."""
    said = _COUNTED[receipt.usage_source]
    return f"{said} {_SUSPECT}" if receipt.suspect else said


def rule(receipt: Receipt, *, waived: bool) -> str:
    """Return the rule that was applied; `waived` where the charge was given up for want of output."""
    if receipt.status == "ok":
        return _FREE if waived else _ALL
    written = receipt.counts.completion_tokens
    tokens = f"{figures.count(written)} output token{'' if written == 1 else 's'}"
    return _RULES[receipt.status].format(tokens=tokens)
