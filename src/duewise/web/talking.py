"""What to say to a debtor, and what never to say: by tone, stage and offer."""

from collections.abc import Mapping

from duewise.contracts.vocabulary import Offer, Stage, Tone
from duewise.web.i18n import gettext_noop as _

_OPENING: Mapping[str, str] = {
    Tone.FRIENDLY: _("Open warmly: most people at this point have simply forgotten. Ask, do not accuse."),
    Tone.FIRM: _(
        "Be brief and clear: name the amount and the date, then be silent and let the person answer."
    ),
    Tone.FORMAL: _(
        "Keep to the facts and the file; say what has been sent already and what follows by when."
    ),
    Tone.SUPPORT: _("Ask first how the person is doing. Listen before any amount is named."),
}

_STAGE: Mapping[str, str] = {
    Stage.REMINDER: _("Say what is owed and since when, and how to pay today."),
    Stage.INTENSIFIED: _("Ask what stands in the way, and agree on a date and an amount that can be kept."),
    Stage.LEGAL: _(
        "Say which legal step comes next and what would stop it. Never announce a step that is not planned."
    ),
    Stage.DISPOSAL: _(
        "Say that this is the last talk before the claim is handed on, and what would still settle it."
    ),
}

_OFFER: Mapping[str, str] = {
    Offer.PAY_NOW: _("Ask for the full amount; offer the quickest way to pay."),
    Offer.INSTALMENTS: _("Offer the instalments shown here; ask which day of the month suits."),
    Offer.HARDSHIP_PLAN: _("Offer the hardship plan, and say where free debt advice can be found."),
    Offer.SETTLEMENT: _("Offer the settlement with its last day; it is in writing before money moves."),
    Offer.LEGAL_ROUTE: _("Offer one last way to pay before papers are filed."),
}

_ALWAYS: tuple[str, ...] = (
    _("Make sure whom you speak to before you name the debt; never tell others of it."),
    _("When the person disputes, is ill, or asks not to be called: stop, and note it below."),
)


def talking_points(tone: str, stage: str, offer: str) -> list[str]:
    """Return what to say, in order; messages of the catalogue."""
    fitting = (_OPENING.get(tone), _STAGE.get(stage), _OFFER.get(offer))
    return [point for point in fitting if point is not None] + list(_ALWAYS)
