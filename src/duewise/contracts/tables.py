"""The six input tables: the one definition that acceptance, dictionary and tests read."""

import pandera.ibis as pa

from duewise.contracts import columns as c
from duewise.contracts.columns import Kind
from duewise.contracts.vocabulary import (
    FLAG_PREFIXES,
    NONE,
    PLAIN_FLAGS,
    Attitude,
    Cell,
    Channel,
    CloseReason,
    Direction,
    Employment,
    Outcome,
    PaymentKind,
    Product,
    StatedReason,
    Table,
)

_RECORDED = "When the fact reached the books (UTC); `at` stands for it where absent."

DEBTORS = pa.DataFrameSchema(
    {
        "debtor_id": c.key("Identifies the person who owes."),
        "birth_year": c.number(
            "Year of birth; protected, audit only.", kind=Kind.INTEGER, least=1880, most=2100
        ),
        "gender": c.text("Gender as the client codes it; protected, audit only."),
        "region": c.text("Region or province of residence; a possible proxy, in by choice."),
        "timezone": c.text("IANA time zone in which the debtor lives."),
        "language": c.text("Preferred language; protected, audit only."),
        "employment": c.code(Employment, Employment.UNKNOWN, "How the debtor earns a living."),
        "monthly_income": c.money("Income per month.", least=0),
        "dependants": c.number("People who depend on this income.", kind=Kind.INTEGER, least=0, most=50),
        "has_phone": c.boolean("A working telephone number is known."),
        "has_email": c.boolean("A working e-mail address is known."),
        "has_app": c.boolean("The debtor has the lender's app."),
        "has_address": c.boolean("A postal address is known."),
        "registered_at": c.column(Kind.TIME, "When the debtor became a customer (UTC)."),
    },
    name=Table.DEBTORS,
    unique=["debtor_id"],
)

ACCOUNTS = pa.DataFrameSchema(
    {
        "account_id": c.key("Identifies the debt."),
        "debtor_id": c.reference(Table.DEBTORS, "Who owes it."),
        "product": c.code(Product, Product.OTHER, "What the debt arose from.", required=True),
        "past_due_since": c.day(
            "Day the oldest missed payment fell due; days past due count from here.", required=True
        ),
        "placed_on": c.day("Day the account entered collections.", required=True),
        "placed_balance": c.money("Owed at placement.", required=True, above=0),
        "opened_on": c.day("Day the contract began."),
        "principal": c.money("Amount first lent.", least=0),
        "monthly_instalment": c.money("Contractual instalment per month.", least=0),
        "annual_rate": c.number("Interest per year as a share (0.18 is 18%).", least=0),
        "secured": c.boolean("Whether collateral stands behind the debt."),
        "collateral_value": c.money("Value of the collateral.", least=0),
        "overdue_reason": c.code(StatedReason, StatedReason.OTHER, "Why the debt fell overdue, as recorded."),
        "limitation_expires_on": c.day("Day the claim becomes time-barred."),
        "last_interrupted_on": c.day("Last provable act that restarts limitation."),
        "closed_on": c.day("Day the account left collections; it is out of scope from the day after."),
        "close_reason": c.code(CloseReason, CloseReason.UNKNOWN, "Why the account left collections."),
    },
    name=Table.ACCOUNTS,
    unique=["account_id"],
)

PAYMENTS = pa.DataFrameSchema(
    {
        "payment_id": c.key("Identifies the booking."),
        "account_id": c.reference(Table.ACCOUNTS, "The account that it concerns."),
        "at": c.event_time("When the money moved (UTC)."),
        "amount": c.money("Amount, never negative; the kind gives the sign.", required=True, least=0),
        "kind": c.code(
            PaymentKind,
            "other",
            "A payment or waiver lowers the balance, a charge or reversal raises it.",
            required=True,
        ),
        "method": c.text("How it was paid, as the client codes it: transfer, card, direct debit, cash."),
        "recorded_at": c.column(Kind.TIME, _RECORDED),
    },
    name=Table.PAYMENTS,
    unique=["payment_id"],
)

CONTACTS = pa.DataFrameSchema(
    {
        "contact_id": c.key("Identifies the contact."),
        "debtor_id": c.reference(Table.DEBTORS, "Whom it concerned."),
        "at": c.event_time("When it happened (UTC)."),
        "channel": c.code(Channel, "other", "How.", required=True),
        "direction": c.code(Direction, "unknown", "Who started it.", required=True),
        "outcome": c.code(Outcome, Outcome.UNKNOWN, "How it ended.", required=True),
        "account_id": c.reference(Table.ACCOUNTS, "The account spoken of; null means all.", required=False),
        "promise_amount": c.money("Amount promised.", least=0),
        "promise_due_on": c.day("Day by which it was promised."),
        "stated_reason": c.code(StatedReason, StatedReason.OTHER, "Why the debtor says it is unpaid."),
        "attitude": c.code(Attitude, Attitude.UNKNOWN, "How the debtor met the conversation."),
        "agent_id": c.text("Who spoke."),
        "duration_s": c.number("Length in seconds.", least=0),
        "cost": c.money("What the contact cost.", least=0),
        "contact_point": c.text("Pseudonymous id of the number or address used."),
        "callback_at": c.column(Kind.TIME, "When the person asked to be called (UTC)."),
        "offer": c.text("Which offer was made."),
        "template": c.text("Which wording was used."),
        "propensity": c.number("Probability with which this action was chosen.", least=0, most=1),
        "policy": c.text("Which policy chose it."),
        "note": c.text("Free text; never read by a model."),
        "recorded_at": c.column(Kind.TIME, _RECORDED),
    },
    name=Table.CONTACTS,
    unique=["contact_id"],
)

FLAGS = pa.DataFrameSchema(
    {
        "debtor_id": c.reference(Table.DEBTORS, "Whom it concerns."),
        "flag": c.code(PLAIN_FLAGS, "other", "Which flag.", required=True, prefixes=FLAG_PREFIXES),
        "starts_at": c.event_time("From when it holds (UTC)."),
        "ends_at": c.column(Kind.TIME, "Until when it holds (UTC); null is open."),
        "account_id": c.reference(Table.ACCOUNTS, "The account concerned; null means all.", required=False),
        "detail": c.text("A code: bankruptcy chapter, quiet hours `18:00-20:00`, joint holder."),
        "recorded_at": c.column(Kind.TIME, _RECORDED),
    },
    name=Table.FLAGS,
)

ASSIGNMENTS = pa.DataFrameSchema(
    {
        "debtor_id": c.reference(Table.DEBTORS, "For whom it was decided."),
        "as_of": c.day("The night of the decision.", required=True),
        "action": c.code((NONE, *Channel), "other", "What was decided.", required=True),
        "propensity": c.column(
            Kind.NUMBER,
            "Probability with which it was decided; null when it was not logged.",
            required=True,
            nullable=True,
            checks=[pa.Check.ge(0), pa.Check.le(1)],
            least=0,
            most=1,
        ),
        "policy": c.column(Kind.TEXT, "Which policy decided.", required=True, nullable=True),
        "cell": c.code(Cell, "unknown", "Arm of the nightly experiment.", required=True),
        "offer": c.text("Which offer went with it."),
        "template": c.text("Which wording went with it."),
    },
    name=Table.ASSIGNMENTS,
    unique=["debtor_id", "as_of"],
)

TABLES: dict[Table, pa.DataFrameSchema] = {
    Table.DEBTORS: DEBTORS,
    Table.ACCOUNTS: ACCOUNTS,
    Table.PAYMENTS: PAYMENTS,
    Table.CONTACTS: CONTACTS,
    Table.FLAGS: FLAGS,
    Table.ASSIGNMENTS: ASSIGNMENTS,
}

OPTIONAL_TABLES: tuple[Table, ...] = (Table.FLAGS, Table.ASSIGNMENTS)
"""Tables that may be absent; an absent one is an empty table."""
