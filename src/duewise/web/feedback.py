"""What people say back about a debtor: checked, kept, and read by the next night."""

from datetime import UTC, date, datetime

import structlog
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from duewise.contracts.vocabulary import CHANNELS
from duewise.publish.feedback import KINDS, Feedback, time_of_remark
from duewise.web.debtor import debtor_page
from duewise.web.i18n import gettext_noop as _
from duewise.web.refusals import BadRequestError, NotFoundError
from duewise.web.site import address_of
from duewise.web.visit import Visit, one_of

log = structlog.get_logger(__name__)

_LONGEST_NOTE = 2_000
_LARGEST_AMOUNT = 1e12


def give(visit: Visit, form: FormData) -> Response:
    """Keep what was said about one debtor, and return to him; a form that says too little comes back."""
    if visit.user is None:
        raise BadRequestError("user")
    night = visit.site.nights.get(_text(form, "night"))
    debtor_id = _text(form, "debtor_id")
    row = visit.site.rows.debtor(night, debtor_id, visit.scope)
    if row is None:
        raise NotFoundError("debtor")
    kind = one_of(_text(form, "kind"), tuple(KINDS))
    try:
        amount, due_on = _amount(_text(form, "amount")), _day(_text(form, "due_on"))
        visit.site.feedback.add(
            Feedback(
                at=time_of_remark(visit.site.feedback.path.parent, datetime.now(UTC)),
                author=visit.user.name,
                as_of=night.as_of,
                debtor_id=debtor_id,
                kind=kind,
                note=_text(form, "note")[:_LONGEST_NOTE],
                amount=amount,
                due_on=due_on,
                channel=_channel(_text(form, "channel")),
            )
        )
    except ValueError as error:
        log.info("feedback_incomplete", kind=kind, why=str(error))
        return debtor_page(visit, night, row, status=422, said=form, fault=_fault(kind))
    visit.site.access.write(
        visit.user.name, address_of(visit.request), "feedback", night.name, [debtor_id], kind=kind
    )
    log.info("feedback_given", kind=kind)
    return RedirectResponse(
        f"{visit.address('/debtor', id=debtor_id, night=night.name, kept=kind)}#feedback", 303
    )


def _fault(kind: str) -> str:
    if kind == "promised":
        return _("A promise needs an amount above zero and the day on which it is due.")
    if kind == "disagree":
        return _("Say in a few words why you disagree.")
    return _("This could not be kept. Check the amount and the day.")


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _amount(text: str) -> float | None:
    if not text:
        return None
    amount = float(text.replace(",", ""))
    if not 0 < amount < _LARGEST_AMOUNT:
        raise ValueError("amount")
    return amount


def _channel(text: str) -> str | None:
    return one_of(text, tuple(map(str, CHANNELS))) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
