"""The rows of people, workspaces and their upgrades, memberships and inference keys; the others are in files of their own."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Upper
from django.utils.functional import cached_property

from catalog.models import PlanVersion
from kernel import clock

from .farewell_row import Farewell as Farewell
from .hub_session_row import HubSession as HubSession
from .invitation_row import Invitation as Invitation
from .legal_text_row import LegalText as LegalText
from .management_token_row import ManagementToken as ManagementToken
from .notes import Note as Note
from .provider_key_row import ProviderKey as ProviderKey
from .sign_in_row import SignIn as SignIn
from .trail_row import TrailRow as TrailRow


def _by_start(column: str, *, name: str) -> models.Index:
    """Return an index by which `__istartswith` finds rows, as Django asks it."""
    return models.Index(OpClass(Upper(column), name="text_pattern_ops"), name=name)


def check_zone(name: str) -> None:
    """Raise ValidationError for what is no time zone of the IANA database; the dashboard's days are its days."""
    if name not in available_timezones():
        raise ValidationError("%(name)s is not a time zone, such as Europe/Berlin.", params={"name": name})


class People(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new user. Raises ValueError without an e-mail address."""
        if not email:
            raise ValueError("email: a user needs an e-mail address")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new operator with every permission."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=clock.now)
    session_number = models.IntegerField(default=0, db_default=0, editable=False)

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        indexes = [_by_start("email", name="user_by_its_email")]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case")]

    def __str__(self) -> str:
        return self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a browser's session must carry: it ends with the password, and with the number."""
        own: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # Django's, unknown to the stubs
        return f"{own}.{self.session_number}" if self.session_number else own


class Workspace(models.Model):
    """The customer: keys, limits, usage and money belong to it.

    `plan_version` is its standing plan; while an upgrade is in force that one's terms count.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="workspaces")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_zone])
    in_rankings = models.BooleanField(
        "counted in the public rankings",
        default=False,
        db_default=False,
        help_text="Its tokens count in the sums at /rankings; its owners and admins say so.",
    )
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["name"], name="workspace_in_order"),
            _by_start("name", name="workspace_by_its_name"),
            _by_start("slug", name="workspace_by_its_slug"),
        ]
        permissions = [("view_as_customer", "Can see a workspace's pages as its owner does")]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def upgrade(self) -> "PlanUpgrade | None":
        """The upgrade in force when it was first asked for, or None."""
        now = clock.now()
        rows = PlanUpgrade.objects.filter(workspace=self, starts_at__lte=now, ends_at__gt=now)
        return rows.select_related("plan_version__plan").first()

    @property
    def terms(self) -> PlanVersion:
        """The terms that count: those of the upgrade in force, else of the standing plan."""
        return self.upgrade.plan_version if self.upgrade else self.plan_version


class PlanUpgrade(models.Model):
    """Another plan's terms for a workspace until a moment; then its standing plan counts again, by itself."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="upgrades")
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The first moment without it.")
    reason = models.CharField(max_length=200)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["workspace", "-starts_at"]
        indexes = [models.Index(fields=["workspace", "ends_at"], name="upgrade_by_its_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="upgrade_ends_after_it_begins",
                violation_error_message="It must end after it begins.",
            ),
            # A range of one number needs no extension where an equal one would.
            ExclusionConstraint(
                name="upgrade_one_at_a_time",
                expressions=[
                    (
                        Func(F("workspace"), F("workspace"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(F("starts_at"), F("ends_at"), Value("[)"), function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="Another upgrade of this workspace overlaps with it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_version} until {self.ends_at:%Y-%m-%d %H:%M} UTC"


class Member(models.Model):
    """A person's role in a workspace."""

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        BILLING = "billing"
        DEVELOPER = "developer"
        VIEWER = "viewer"

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    joined_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="member_once_per_workspace")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"


class ApiKey(models.Model):
    """An inference key: only its digest is kept; prefix and last four are for display.

    A rotated key answers to its retired secret too, until that one's moment. A row with a `person` is no key: usage
    by access token is written under it, so that every request has a key's number. It is revoked from its birth.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=100)
    digest = models.BinaryField(unique=True, editable=False)
    prefix = models.CharField(max_length=16)
    last_four = models.CharField(max_length=4)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    retired_digest = models.BinaryField(unique=True, null=True, editable=False)
    retired_until = models.DateTimeField(null=True, editable=False)
    person = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="seats"
    )
    default_tag = models.CharField(max_length=64, blank=True)
    allowed_models = ArrayField(
        models.CharField(max_length=128),
        null=True,
        blank=True,
        help_text="Empty means all that the plan includes.",
    )

    class Meta:
        verbose_name = "API key"
        ordering = ["workspace", "name"]
        indexes = [
            _by_start("prefix", name="key_by_its_first"),
            _by_start("last_four", name="key_by_its_last"),
            models.Index(
                fields=["expires_at"],
                condition=Q(revoked_at__isnull=True, expires_at__isnull=False),
                name="key_by_its_end",
            ),
        ]
        permissions = [("rotate_apikey", "Can give a key a new secret, and see it")]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="key_expires_after_creation",
            ),
            models.CheckConstraint(
                condition=Q(retired_digest__isnull=True, retired_until__isnull=True)
                | Q(retired_digest__isnull=False, retired_until__isnull=False),
                name="key_retired_secret_has_its_end",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True) | Q(revoked_at__isnull=False),
                name="key_of_a_person_opens_nothing",
            ),
            models.UniqueConstraint(
                fields=["workspace", "person"],
                condition=Q(person__isnull=False),
                name="key_of_a_person_once_per_workspace",
            ),
        ]

    def __str__(self) -> str:
        return self.name if self.person_id else f"{self.name} {self.prefix}…{self.last_four}"
