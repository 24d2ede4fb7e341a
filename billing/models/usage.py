"""The evidence for each charge: open requests, usage events, and the sums made of them."""

import uuid

from django.db import models


class Tokens(models.Model):
    """The disjoint counts that an event or a sum of events carries."""

    input_tokens = models.BigIntegerField(default=0)
    cached_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    cache_write_1h_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)
    image_in_tokens = models.BigIntegerField(default=0)
    image_out_tokens = models.BigIntegerField(default=0)
    audio_in_tokens = models.BigIntegerField(default=0)
    audio_out_tokens = models.BigIntegerField(default=0)
    images = models.BigIntegerField(default=0)
    web_searches = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class Worker(models.Model):
    """A gateway process that holds leases; silent for 15 s, it counts as dead."""

    worker_id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    draining = models.BooleanField(default=False)

    class Meta:
        db_table = "billing_worker"

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class Admission(models.Model):
    """Lease and hold of one open request; deleted in the statement that writes its usage event."""

    request_id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    api_key_id = models.BigIntegerField()
    model_id = models.BigIntegerField()
    chain_id = models.BigIntegerField()
    price_version_id = models.BigIntegerField()
    multipliers = models.TextField(help_text="The chain pinned at admission, as id:ppm,id:ppm.")
    hold = models.BigIntegerField(help_text="Nano-USD.")
    weight = models.IntegerField()
    stream = models.BooleanField()
    tag = models.TextField()
    minute_no = models.IntegerField()
    kill_generation = models.IntegerField()
    worker_id = models.UUIDField()
    admitted_at = models.DateTimeField()
    provider_id = models.BigIntegerField(default=0)
    first_byte_at = models.DateTimeField(null=True)
    progress_input = models.BigIntegerField(default=0)
    progress_output = models.BigIntegerField(default=0)
    budgeted = models.BooleanField(default=False)

    class Meta:
        db_table = "billing_admission"

    def __str__(self) -> str:
        return str(self.request_id)


class Attempt(models.Model):
    """A try at an upstream that did not serve the request; the try that served it is the usage event itself."""

    id = models.UUIDField(primary_key=True)
    request_id = models.UUIDField()
    workspace_id = models.BigIntegerField()
    number = models.SmallIntegerField()
    provider_id = models.BigIntegerField()
    endpoint_id = models.BigIntegerField()
    upstream_model = models.TextField()
    outcome = models.TextField()
    http_status = models.IntegerField(null=True)
    started_at = models.DateTimeField()
    milliseconds = models.IntegerField()

    class Meta:
        db_table = "billing_attempt"

    def __str__(self) -> str:
        return f"{self.request_id} #{self.number}"


class UsageEvent(Tokens):
    """What one admitted request used and cost; written once, never changed; corrections are higher revisions."""

    class Status(models.TextChoices):
        OK = "ok"
        CLIENT_GONE = "client_gone"
        UPSTREAM_CUT = "upstream_cut"
        SPENT = "spent"
        KILLED = "killed"
        DRAINED = "drained"
        REAPED = "reaped"
        FAILED = "failed"

    class Source(models.TextChoices):
        UPSTREAM = "upstream"
        COUNTED = "counted"
        CHECKPOINT = "checkpoint"
        BOUND = "bound"
        NONE = "none"

    id = models.UUIDField(primary_key=True, help_text="The request id with the revision in its last byte.")
    request_id = models.UUIDField()
    rev = models.SmallIntegerField(default=0)
    workspace_id = models.BigIntegerField()
    api_key_id = models.BigIntegerField()
    charge_no = models.BigIntegerField()
    minute_no = models.IntegerField(
        help_text="Minute of admission since 1970, UTC: it fixes the billing day."
    )
    weight = models.IntegerField()
    model_id = models.BigIntegerField()
    chain_id = models.BigIntegerField()
    provider_id = models.BigIntegerField(default=0)
    endpoint_id = models.BigIntegerField(default=0)
    upstream_model = models.TextField(default="")
    attempts = models.SmallIntegerField(default=0)
    stream = models.BooleanField()
    status = models.TextField(choices=Status.choices)
    http_status = models.SmallIntegerField()
    error_code = models.TextField(default="")
    finish_reason = models.TextField(default="")
    usage_source = models.TextField(choices=Source.choices)
    suspect = models.BooleanField(default=False)
    price_version_id = models.BigIntegerField()
    multipliers = models.TextField(default="")
    cost = models.BigIntegerField(help_text="Nano-USD.")
    provider_cost = models.BigIntegerField(default=0, help_text="Nano-USD that the upstream bills us.")
    hold = models.BigIntegerField(help_text="Nano-USD reserved at admission.")
    ttfb_ms = models.IntegerField(null=True)
    latency_ms = models.IntegerField()
    tag = models.TextField(default="")
    admitted_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "billing_usage_event"

    def __str__(self) -> str:
        return f"{self.request_id}"


class DailyUsage(Tokens):
    """Sums of posted events per UTC day, key, model, provider and tag; rebuildable from the events."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace_id = models.BigIntegerField()
    day = models.DateField()
    api_key_id = models.BigIntegerField()
    model_id = models.BigIntegerField()
    provider_id = models.BigIntegerField()
    tag = models.TextField()
    requests = models.BigIntegerField()
    failed = models.BigIntegerField()
    cost = models.BigIntegerField()
    provider_cost = models.BigIntegerField()

    class Meta:
        db_table = "billing_daily_usage"
        verbose_name_plural = "daily usage"
        permissions = [("view_revenue", "Sees what the whole house takes, and what stays of it")]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.day}"


class UsageBucket(Tokens):
    """Sums of posted events per quarter of an hour, kept 90 days, so that days can be cut in any time zone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace_id = models.BigIntegerField()
    starts_at = models.DateTimeField()
    api_key_id = models.BigIntegerField()
    model_id = models.BigIntegerField()
    provider_id = models.BigIntegerField()
    tag = models.TextField()
    requests = models.BigIntegerField()
    failed = models.BigIntegerField()
    cost = models.BigIntegerField()
    provider_cost = models.BigIntegerField()

    class Meta:
        db_table = "billing_usage_bucket"

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.starts_at}"
