"""The routes by which a caller asks about itself: its key, its credit, its person, its plan."""

from typing import Any

from allauth.account.models import EmailAddress
from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.models import ApiKey, User, Workspace
from billing import activity, budgets
from billing.credits import withholding
from catalog.models import PlanVersion
from kernel import clock

from ..errors import Failure
from . import identity, limits
from .figures import answer, moment, usd

__all__ = ["router"]

router = Router()
FREE = "free"


@router.get("/key")
def key(request: HttpRequest) -> HttpResponse:
    """Tell the calling key about itself, in the words of OpenRouter; a limit is null where the key has none."""
    caller = identity.caller(request)
    if caller.person_id is not None:
        raise Failure("AUTHORIZATION_ERROR", "This is about the calling key: call it with an API key.")
    row = ApiKey.objects.get(pk=caller.api_key_id)
    plan = _plan(caller.plan_version_id)
    spend = activity.spend_of_key(caller.workspace_id, caller.api_key_id)
    nothing = dict.fromkeys(("byok_usage", "byok_usage_daily", "byok_usage_weekly", "byok_usage_monthly"), 0)
    return answer(
        {
            "data": {
                "label": f"{row.prefix}…{row.last_four}",
                "name": row.name,
                **limits.shown(budgets.of_key(caller.workspace_id, caller.api_key_id)),
                "usage": usd(spend.ever),
                "usage_daily": usd(spend.day),
                "usage_weekly": usd(spend.week),
                "usage_monthly": usd(spend.month),
                **nothing,
                "include_byok_in_limit": False,
                "created_at": moment(row.created_at),
                "expires_at": moment(row.expires_at) if row.expires_at else None,
                "allowed_models": row.allowed_models,
                "default_tag": row.default_tag,
                "is_free_tier": plan.plan.slug == FREE,
                "is_management_key": False,
                "is_provisioning_key": False,
                "plan": plan.plan.slug,
                "plan_tier": plan.plan.name,
                **_upgrade(caller.workspace_id),
            }
        }
    )


@router.get("/credits")
def credit(request: HttpRequest) -> HttpResponse:
    """Tell all credit ever given, all used (what is not rolled up yet included), what is left, what is held."""
    money = activity.credit(identity.caller(request).workspace_id)
    return answer(
        {
            "data": {
                "total_credits": usd(money.given),
                "total_usage": usd(money.used),
                "balance": usd(money.balance),
                "held": usd(money.held),
            }
        }
    )


@router.get("/user")
def user(request: HttpRequest) -> HttpResponse:
    """Tell a person who signed in about themselves and the workspace they call for."""
    caller = identity.person(request)
    person = User.objects.get(pk=caller.person_id or 0)
    return answer(
        {
            "id": str(person.pk),
            "email": person.email,
            "name": person.name,
            "plan_tier": _plan(caller.plan_version_id).plan.name,
            "email_verified": EmailAddress.objects.filter(
                user=person, email__iexact=person.email, verified=True
            ).exists(),
            "credits": usd(activity.credit(caller.workspace_id).balance),
            **_upgrade(caller.workspace_id),
        }
    )


@router.get("/user/credits")
def user_credits(request: HttpRequest) -> HttpResponse:
    """Tell the credit left, what the standing plan grants a period, and what the present UTC month has used."""
    caller = identity.caller(request)
    plan = Workspace.objects.select_related("plan_version__plan").get(pk=caller.workspace_id).plan_version
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    used = sum(row.cost for row in activity.by_model_since(caller.workspace_id, month))
    return answer(
        {
            "credits": usd(activity.credit(caller.workspace_id).balance),
            "credits_monthly": usd(plan.credits_nano),
            "credits_used": usd(used),
            "plan_tier": plan.plan.name,
            "payg_enabled": withholding.may_spill(caller.workspace_id),
        }
    )


def _upgrade(workspace_id: int) -> dict[str, Any]:
    upgrade = Workspace(pk=workspace_id).upgrade
    return {
        "is_upgraded": upgrade is not None,
        "upgrade_expires_at": moment(upgrade.ends_at) if upgrade else None,
    }


def _plan(plan_version_id: int) -> PlanVersion:
    return PlanVersion.objects.select_related("plan").get(pk=plan_version_id)
