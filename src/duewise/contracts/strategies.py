"""What one night publishes: one row per debtor in scope, with documented columns in a fixed order."""

from collections.abc import Sequence

import pandera.ibis as pa

from duewise.contracts import columns as c
from duewise.contracts.columns import Kind
from duewise.contracts.vocabulary import (
    CHANNELS,
    NONE,
    Bucket,
    Cell,
    Channel,
    Offer,
    Product,
    Queue,
    Segment,
    Stage,
    Tone,
)

DEFAULT_HORIZONS: tuple[int, ...] = (30, 90, 180)
REASON_COUNT = 5
ACTIONS: tuple[str, ...] = (NONE, *CHANNELS)


def _share(description: str) -> pa.Column:
    return c.number(description, least=0, most=1)


def _reason_columns() -> dict[str, pa.Column]:
    return {
        f"reason_{i}": c.column(
            Kind.REASON,
            f"Reason {i} behind the chance of repayment: catalogue code, direction (`up` or `down`) and a "
            "sentence with the fact behind it, in the portfolio's language.",
        )
        for i in range(1, REASON_COUNT + 1)
    }


def strategies_schema(horizons: Sequence[int] = DEFAULT_HORIZONS) -> pa.DataFrameSchema:
    """Return the contract of ``strategies.parquet``.

    Parameters
    ----------
    horizons : sequence of int
        Days over which recovery is forecast; the first also names the repayment probability.
    """
    return pa.DataFrameSchema(
        {
            "run_id": c.column(Kind.TEXT, "Identifies the run.", required=True),
            "as_of": c.day("The night; what happens from its 00:00 UTC on is unknown to it.", required=True),
            "debtor_id": c.key("Whom the strategy concerns."),
            "rank": c.column(Kind.INTEGER, "Position in the worklist, 1 first.", required=True),
            "queue": c.code(Queue, Queue.NO_ACTION, "Queue of the worklist.", required=True),
            "priority": c.column(Kind.NUMBER, "What ranks inside the queue, in money.", required=True),
            "balance": c.money("Owed over all accounts in scope.", required=True),
            "dpd": c.column(Kind.INTEGER, "Days past due of the oldest account in scope.", required=True),
            "bucket": c.code(Bucket, Bucket.CURRENT, "Band of days past due.", required=True),
            "product": c.code(Product, Product.OTHER, "Product of the largest account.", required=True),
            "region": c.text("Region of the debtor."),
            "stage": c.code(Stage, Stage.REMINDER, "Stage of collections.", required=True),
            "action": c.code(ACTIONS, NONE, "What to do tonight; `none` is nothing.", required=True),
            "action_supported": c.boolean("Whether history supports the estimated effect of the action."),
            "window_start": c.column(Kind.TIME, "Earliest moment to act (UTC)."),
            "window_end": c.column(Kind.TIME, "Moment from which acting is no longer allowed (UTC)."),
            "contacts_allowed_7d": c.number(
                "Contacts by the chosen channel that the rules leave within seven days, tonight's included.",
                kind=Kind.INTEGER,
                least=0,
            ),
            "follow_up_action": c.code(ACTIONS, NONE, "What follows when there is no response."),
            "follow_up_on": c.day("When it follows."),
            "tone": c.code(Tone, Tone.FRIENDLY, "How the contact speaks.", required=True),
            "offer": c.code(Offer, Offer.NONE, "What is proposed.", required=True),
            "offer_amount": c.money("Amount asked for: in full, per month, or to settle.", least=0),
            "offer_months": c.number("Months of the plan.", kind=Kind.INTEGER, least=1),
            "next_review_on": c.day("When the strategy is looked at again at the latest.", required=True),
            f"p_repay_{horizons[0]}d": _share("Chance of repaying at least `repay_share` of the balance."),
            **{
                f"expected_recovery_{days}d": c.money(f"Money expected within {days} days.", least=0)
                for days in horizons
            },
            "gain": c.money("Money that tonight's action is expected to add within the first horizon."),
            "harm": c.money("Expected cost of complaints, opt-outs and disputes that the action causes."),
            "cost": c.money("What the action costs.", least=0),
            "net_gain": c.money("gain - harm - cost."),
            "runner_up_action": c.code(ACTIONS, NONE, "Second best permitted action."),
            "runner_up_net_gain": c.money("Its net gain."),
            "p_promise_kept": _share("Probability that the open promise is kept; null without one."),
            "ability": c.number("Ability to pay, 0 to 100.", least=0, most=100),
            "willingness": c.number("Willingness to pay, 0 to 100.", least=0, most=100),
            "segment": c.code(Segment, Segment.CAN_WILL, "Which of the four segments the two scores make."),
            **_reason_columns(),
            "action_reason": c.text(
                "Why this action and this stage and, on the legal route, what a suit still lacks; in the "
                "portfolio's language."
            ),
            **{
                f"effect_{channel}": c.money(f"Money that {channel} tonight adds; null where unsupported.")
                for channel in Channel
            },
            "denied": c.column(Kind.DENIALS, "Denied actions, each with the rule that denies it."),
            "cell": c.code(Cell, Cell.POLICY, "Arm of the nightly experiment.", required=True),
            "propensity": c.number("Probability with which this action was chosen.", least=0, most=1),
            "model_version": c.column(Kind.TEXT, "Registered model that scored.", required=True),
            "policy_version": c.column(Kind.TEXT, "Policy that chose.", required=True),
        },
        name="strategies",
        unique=["debtor_id"],
    )
