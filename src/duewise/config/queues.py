"""What is urgent by its date: `queues`."""

from pydantic import Field

from duewise.config.section import Count, Section


class QueuesSection(Section):
    """When a date makes a debtor urgent."""

    grace_days: Count = Field(
        2, description="Days after its due date until a promise that was not kept is broken."
    )
    grace_days_by_method: dict[str, Count] = Field(
        default_factory=dict,
        description="The same for debtors whose latest payment came by a method (payments.method).",
    )
