"""Makes what statements are read of: models, and the minutes of days."""

import datetime

from catalog.models import Model
from kernel import clock

TODAY = clock.utc_day(clock.now())
YESTERDAY = TODAY - datetime.timedelta(days=1)


def model(name: str) -> int:
    made = Model.objects.create(
        public_id=name,
        name=name,
        author="sandbox",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    return made.pk


def minute_of(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * 1440
