"""How a row of contacts is counted: the same reading for every rule, country and engine.

An unknown outcome is read against the caller: it counts as an attempt, as connected, as unanswered and as
a conversation.
"""

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from duewise.contracts.vocabulary import (
    CALL_CHANNELS,
    CHANNELS,
    HARM_OUTCOMES,
    MESSAGE_CHANNELS,
    RIGHT_PARTY_OUTCOMES,
    Channel,
    Direction,
    Outcome,
)


class Kind(IntFlag):
    """What a contact counts as."""

    ATTEMPT = 1
    CONNECTED = 2
    UNANSWERED = 4
    CONVERSATION = 8
    CONTACT = 16
    INBOUND = 32
    DISPUTING = 64
    CONSUMER_RIGHT = 128  # a dispute, complaint or opt-out: never opens a door
    PENDING = 256  # assigned, no record yet: made where contacts are limited, not where some are demanded


KIND_OF_COUNT: dict[str, Kind] = {
    "attempt": Kind.ATTEMPT,
    "connected_attempt": Kind.CONNECTED,
    "unanswered": Kind.UNANSWERED,
    "conversation": Kind.CONVERSATION,
    "contact": Kind.CONTACT,
    "disputing": Kind.DISPUTING,
}

PLANNED_KINDS: dict[str, Kind] = {
    channel: Kind.ATTEMPT
    | Kind.CONTACT
    | (Kind.CONNECTED | Kind.UNANSWERED if channel in CALL_CHANNELS else Kind(0))
    for channel in map(str, CHANNELS)
}
"""What a planned contact counts as: made, and without response (a response ends the plan)."""

OUTCOMES: tuple[str, ...] = tuple(map(str, Outcome))
DIRECTIONS: tuple[str, ...] = tuple(map(str, Direction))

_MET = (*RIGHT_PARTY_OUTCOMES, Outcome.DONE, Outcome.UNKNOWN)
_NOT_MET_ON_CALL = (Outcome.NO_ANSWER, Outcome.BOUNCED, Outcome.WRONG_PARTY)


def kind_of(channel: Channel, direction: Direction, outcome: Outcome) -> Kind:
    """Return what one contact counts as."""
    kind = Kind(0)
    spoke = channel in CALL_CHANNELS and outcome not in _NOT_MET_ON_CALL
    met = spoke or (channel == Channel.VISIT and outcome in _MET)
    if met:
        kind |= Kind.CONVERSATION
    if outcome == Outcome.DISPUTE:
        kind |= Kind.DISPUTING
    if outcome in HARM_OUTCOMES:
        kind |= Kind.CONSUMER_RIGHT
    if direction == Direction.INBOUND:
        return kind | Kind.INBOUND
    bounced = outcome == Outcome.BOUNCED
    if channel in CALL_CHANNELS:
        kind |= Kind.ATTEMPT
        if not bounced:
            kind |= Kind.CONNECTED
        if outcome in (Outcome.NO_ANSWER, Outcome.BOUNCED, Outcome.UNKNOWN):
            kind |= Kind.UNANSWERED
        if outcome not in (Outcome.NO_ANSWER, Outcome.BOUNCED):
            kind |= Kind.CONTACT
        return kind
    if channel in MESSAGE_CHANNELS and bounced:
        return kind
    kind |= Kind.ATTEMPT
    if not bounced and (channel != Channel.VISIT or met):
        kind |= Kind.CONTACT
    return kind


def kind_table() -> NDArray[np.int32]:
    """Return the kinds of every (channel, direction, outcome) as bits, in the order of the vocabularies."""
    return np.array(
        [
            [[int(kind_of(channel, direction, outcome)) for outcome in Outcome] for direction in Direction]
            for channel in CHANNELS
        ],
        dtype=np.int32,
    )
