"""A hop to vary: one upstream with all that is needed to call it."""

from catalog.snapshot import Hop

ONE = Hop(
    provider_id=1,
    provider="one",
    dialect="openai",
    endpoint_id=1,
    base_url="http://one/v1",
    keys=(),
    needs_key=False,
    configured=True,
    reasoning="effort",
    developer_role=False,
    private=True,
    headers={},
    drain_seconds=0,
    weight=0,
    tool_ids_local=False,
    upstream_model="m",
    min_plan_rank=0,
    connect_seconds=5,
    first_byte_seconds=120,
    idle_seconds=120,
    total_seconds=600,
)
