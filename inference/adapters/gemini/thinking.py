"""How much a Gemini model is asked to think: by a budget in tokens up to 2.5, by a level from 3 on."""

from collections.abc import Mapping
from typing import Any

from ... import reasoning
from ...reasoning import Wanted
from .families import BUDGETED, LEVELLED, generation

__all__ = ["config"]

# Least and greatest budgets of the 2.5 models; 0 ends thinking where it can be ended.
_PRO, _LITE, _FLASH = (128, 32_768), (512, 24_576), (0, 24_576)
_LEVELS = {"none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM"}
# Models for heavy work cannot do without thinking; the first of them knew two levels only.
_PRO_LEVELS = {"none": "LOW", "minimal": "LOW", "low": "LOW", "medium": "MEDIUM"}


def config(body: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Return thinkingConfig for a chat, empty where nothing is asked or the model does not think."""
    wanted, made = reasoning.asked(body), generation(model)
    if made is None or made < BUDGETED:
        return {}
    fields: dict[str, Any] = {}
    if _shown(body, wanted):
        fields["includeThoughts"] = True
    if wanted is None:
        return fields
    if made >= LEVELLED:
        effort = wanted.as_effort
        return fields | ({"thinkingLevel": _level(effort, model, made)} if effort else {})
    budget = _budget(wanted, model)
    return fields | ({"thinkingBudget": budget} if budget is not None else {})


def _shown(body: Mapping[str, Any], wanted: Wanted | None) -> bool:
    asked = body.get("reasoning")
    if isinstance(asked, dict) and asked.get("exclude") is True:
        return False
    shown = body.get("include_reasoning")
    if isinstance(shown, bool):
        return shown
    return wanted is not None and wanted.enabled


def _level(effort: str, model: str, made: tuple[int, int]) -> str:
    if "flash" in model:
        return _LEVELS.get(effort, "HIGH")
    level = _PRO_LEVELS.get(effort, "HIGH")
    return "HIGH" if level == "MEDIUM" and made == LEVELLED else level


def _budget(wanted: Wanted, model: str) -> int | None:
    least, greatest = _PRO if "pro" in model else _LITE if "lite" in model else _FLASH
    if not wanted.enabled:
        return least if "pro" in model else 0
    budget = wanted.as_budget
    return None if budget is None else max(least, min(budget, greatest))
