"""The closed lists of the contract: one word per idea, used by every table, rule, model and page."""

from enum import StrEnum


class Table(StrEnum):
    """The six input tables."""

    DEBTORS = "debtors"
    ACCOUNTS = "accounts"
    PAYMENTS = "payments"
    CONTACTS = "contacts"
    FLAGS = "flags"
    ASSIGNMENTS = "assignments"


class Employment(StrEnum):
    """How a debtor earns a living."""

    EMPLOYED = "employed"
    SELF_EMPLOYED = "self_employed"
    UNEMPLOYED = "unemployed"
    STUDENT = "student"
    RETIRED = "retired"
    UNKNOWN = "unknown"


class Product(StrEnum):
    """What the debt arose from."""

    CREDIT_CARD = "credit_card"
    CONSUMER_LOAN = "consumer_loan"
    MICROLOAN = "microloan"
    TELECOM = "telecom"
    LEASE = "lease"
    UTILITY = "utility"
    TAX = "tax"
    OTHER = "other"


class CloseReason(StrEnum):
    """Why an account left collections."""

    PAID = "paid"
    SETTLED = "settled"
    SOLD = "sold"
    WRITTEN_OFF = "written_off"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class PaymentKind(StrEnum):
    """What a row of ``payments`` does to the balance; charges and reversals raise it."""

    PAYMENT = "payment"
    REVERSAL = "reversal"
    CHARGE = "charge"
    WAIVER = "waiver"


class Channel(StrEnum):
    """How a debtor is contacted; the order runs from the lightest to the heaviest step."""

    SMS = "sms"
    EMAIL = "email"
    APP_PUSH = "app_push"
    AI_CALL = "ai_call"
    CALL = "call"
    LETTER = "letter"
    VISIT = "visit"
    LEGAL_LETTER = "legal_letter"
    LITIGATION = "litigation"


class Direction(StrEnum):
    """Who started a contact."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Outcome(StrEnum):
    """How a contact ended."""

    NO_ANSWER = "no_answer"
    WRONG_PARTY = "wrong_party"
    RIGHT_PARTY = "right_party"
    PROMISE = "promise"
    REFUSAL = "refusal"
    DISPUTE = "dispute"
    HARDSHIP = "hardship"
    COMPLAINT = "complaint"
    OPT_OUT = "opt_out"
    DELIVERED = "delivered"
    READ = "read"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    DONE = "done"
    UNKNOWN = "unknown"


class StatedReason(StrEnum):
    """Why the debtor says the debt is unpaid."""

    NO_MONEY = "no_money"
    LOST_JOB = "lost_job"
    ILLNESS = "illness"
    FORGOT = "forgot"
    DISPUTES_DEBT = "disputes_debt"
    WILL_NOT = "will_not"
    OTHER = "other"


class Attitude(StrEnum):
    """How the debtor met the last conversation."""

    COOPERATIVE = "cooperative"
    NEUTRAL = "neutral"
    HOSTILE = "hostile"
    UNKNOWN = "unknown"


class Cell(StrEnum):
    """The arm of the nightly experiment."""

    POLICY = "policy"
    EXPLORE = "explore"
    CONTROL = "control"


class Stage(StrEnum):
    """The four stages of collections, in order."""

    REMINDER = "reminder"
    INTENSIFIED = "intensified"
    LEGAL = "legal"
    DISPOSAL = "disposal"


class Bucket(StrEnum):
    """Days past due in the field's usual bands."""

    CURRENT = "0"
    B1 = "1-30"
    B2 = "31-60"
    B3 = "61-90"
    B4 = "91-180"
    B5 = "181-360"
    B6 = "361+"


class Segment(StrEnum):
    """The four-way split that ability and willingness make."""

    CAN_WILL = "can_will"
    CAN_WONT = "can_wont"
    CANT_WILL = "cant_will"
    CANT_WONT = "cant_wont"


class Tone(StrEnum):
    """How a contact speaks."""

    FRIENDLY = "friendly"
    FIRM = "firm"
    FORMAL = "formal"
    SUPPORT = "support"


class Offer(StrEnum):
    """What a strategy proposes to the debtor, or to the lender at the end of the road."""

    PAY_NOW = "pay_now"
    INSTALMENTS = "instalments"
    HARDSHIP_PLAN = "hardship_plan"
    SETTLEMENT = "settlement"
    LEGAL_ROUTE = "legal_route"
    SALE = "sale"
    WRITE_OFF = "write_off"
    NONE = "none"


class Queue(StrEnum):
    """Where a debtor stands in the worklist; queues that are urgent by date come first."""

    PROMISE_DUE = "promise_due"
    PROMISE_BROKEN = "promise_broken"
    CALLBACK = "callback"
    LEGAL_CLOCK = "legal_clock"
    REMINDER = "reminder"
    INTENSIFIED = "intensified"
    LEGAL = "legal"
    DISPOSAL = "disposal"
    NO_ACTION = "no_action"


NONE = "none"
"""The action of doing nothing tonight: always possible, costs nothing."""

CHANNELS: tuple[Channel, ...] = tuple(Channel)

CALL_CHANNELS: tuple[Channel, ...] = (Channel.AI_CALL, Channel.CALL)
MESSAGE_CHANNELS: tuple[Channel, ...] = (Channel.SMS, Channel.EMAIL, Channel.APP_PUSH)
LIVE_CHANNELS: tuple[Channel, ...] = (*CALL_CHANNELS, Channel.VISIT)
LEGAL_CHANNELS: tuple[Channel, ...] = (Channel.LEGAL_LETTER, Channel.LITIGATION)
SOFT_CHANNELS: tuple[Channel, ...] = (*CALL_CHANNELS, *MESSAGE_CHANNELS, Channel.VISIT, Channel.LETTER)

RIGHT_PARTY_OUTCOMES: tuple[Outcome, ...] = (
    Outcome.RIGHT_PARTY,
    Outcome.PROMISE,
    Outcome.REFUSAL,
    Outcome.DISPUTE,
    Outcome.HARDSHIP,
    Outcome.COMPLAINT,
    Outcome.OPT_OUT,
)
"""Outcomes in which the debtor in person was spoken to."""

HARM_OUTCOMES: tuple[Outcome, ...] = (Outcome.COMPLAINT, Outcome.OPT_OUT, Outcome.DISPUTE)

PLAIN_FLAGS: tuple[str, ...] = (
    "dispute",
    "cease_contact",
    "represented",
    "bankruptcy",
    "insolvency",
    "deceased",
    "hardship",
    "vulnerable",
    "identity_theft",
    "complaint",
    "minor",
    "breathing_space",
    "military",
    "debt_advice",
    "quiet_hours",
)

FLAG_PREFIXES: tuple[str, ...] = ("opt_out:", "consent:", "notice:", "evidence:")
"""Flags that carry a value after the colon: a channel, a kind of notice, an item of evidence."""

NO_CONTACT_FLAGS: tuple[str, ...] = (
    "cease_contact",
    "represented",
    "bankruptcy",
    "insolvency",
    "deceased",
    "minor",
    "dispute",
    "identity_theft",
    "breathing_space",
)
"""Flags under which nobody is contacted, whatever packs are named."""

HEALTH_AND_HARDSHIP_FLAGS: tuple[str, ...] = (
    "hardship",
    "vulnerable",
    "deceased",
    "debt_advice",
    "breathing_space",
)
"""Steer offers and rules, never a score."""

ROLES: tuple[str, ...] = ("creditor", "servicer", "agency", "debt_buyer")

LANGUAGES: tuple[str, ...] = ("en", "zh")
