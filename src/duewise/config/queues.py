"""What is urgent by its date: `queues`."""

from pydantic import Field

from duewise.config.section import Count, Section

DEFAULT_GRACE_DAYS = 2
"""A transfer made on the due date arrives up to two days later."""


class QueuesSection(Section):
    """When a date makes a debtor urgent."""

    grace_days: Count = Field(
        DEFAULT_GRACE_DAYS,
        description="Days after its due date until a promise that was not kept is broken.",
    )
    grace_days_by_method: dict[str, Count] = Field(
        default_factory=dict,
        description="The same for debtors whose latest payment came by a method (payments.method).",
    )
