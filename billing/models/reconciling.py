"""What upstreams say they charge us, held against our own rows, and what was decided of each difference."""

from django.db import models

__all__ = ["LineDecision", "UpstreamFile", "UpstreamLine"]


class UpstreamFile(models.Model):
    """One usage or invoice file of an upstream as it was read; never changed. Money in nano-USD, days in UTC."""

    provider_id = models.BigIntegerField()
    name = models.TextField()
    digest = models.BinaryField(help_text="SHA-256 of the file.")
    preset = models.TextField()
    columns = models.JSONField(help_text="Which column was read as what.")
    first_day = models.DateField()
    last_day = models.DateField()
    rows = models.IntegerField(help_text="Lines that were read.")
    theirs = models.BigIntegerField(null=True, help_text="What the file comes to; empty if it has no costs.")
    ours = models.BigIntegerField(help_text="What we hold the same days to cost.")
    states = models.JSONField(help_text="How many lines of each state.")
    read_by = models.TextField()
    read_at = models.DateTimeField()

    class Meta:
        db_table = "billing_upstream_file"

    def __str__(self) -> str:
        return self.name


class UpstreamLine(models.Model):
    """One request, or one model on one day, as the upstream has it and as we have it; never changed."""

    class State(models.TextChoices):
        """What comes of holding one against the other."""

        MATCHED = "matched"
        MISSING = "missing", "missing with us"
        EXTRA = "extra", "extra with us"
        PRICE = "price", "price difference"
        COUNT = "count", "count difference"

    file = models.ForeignKey(UpstreamFile, on_delete=models.PROTECT, related_name="lines")
    number = models.IntegerField(help_text="Its line in the file; 0 for what only we have.")
    state = models.TextField(choices=State.choices)
    day = models.DateField()
    model = models.TextField(help_text="As the upstream calls it.")
    request_id = models.UUIDField(null=True)
    their_requests = models.BigIntegerField(null=True)
    our_requests = models.BigIntegerField(null=True)
    their_input = models.BigIntegerField(null=True)
    our_input = models.BigIntegerField(null=True)
    their_output = models.BigIntegerField(null=True)
    our_output = models.BigIntegerField(null=True)
    theirs = models.BigIntegerField(null=True, help_text="Nano-USD.")
    ours = models.BigIntegerField(null=True, help_text="Nano-USD.")
    difference = models.BigIntegerField(help_text="Nano-USD that they ask beyond what we expect.")

    class Meta:
        db_table = "billing_upstream_line"

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class LineDecision(models.Model):
    """What somebody decided of a line; a later one counts. Never changed."""

    class Verdict(models.TextChoices):
        """Whether we pay it or not."""

        ACCEPTED = "accepted"
        DISPUTED = "disputed"

    line = models.ForeignKey(UpstreamLine, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.TextField(choices=Verdict.choices)
    reason = models.TextField()
    made_by = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "billing_line_decision"

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"
