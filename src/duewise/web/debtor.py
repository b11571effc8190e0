"""One debtor: what is planned tonight and why, what is forbidden, what to say, and what was said back."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from duewise.contracts.strategies import REASON_COUNT
from duewise.contracts.vocabulary import CHANNELS
from duewise.publish.comparison import comparison_of
from duewise.publish.feedback import KINDS
from duewise.publish.talking_points import talking_points
from duewise.web.charts import intervals, line, waterfall
from duewise.web.i18n import gettext_noop as _
from duewise.web.nights import Night
from duewise.web.refusals import NotFoundError
from duewise.web.rows import Row
from duewise.web.site import address_of
from duewise.web.view import LONGEST_SEARCH
from duewise.web.visit import Visit

NIGHTS_SHOWN = 30
_CHART, _SPARK = 420.0, (220.0, 40.0)

KIND_NAMES: Mapping[str, str] = {
    "wrong_number": _("wrong number"),
    "promised": _("promised to pay"),
    "paid_elsewhere": _("has paid elsewhere"),
    "disputes": _("disputes the debt"),
    "hardship": _("is in hardship"),
    "do_not_contact": _("asks not to be contacted"),
    "disagree": _("I disagree with the decision"),
}


def debtor(visit: Visit) -> Response:
    """Return the page of the debtor whom the address names.

    Raises
    ------
    NotFoundError
        When the night does not hold him, or he is another team's: the answer is the same.
    """
    debtor_id = visit.request.query_params.get("id", "")[:LONGEST_SEARCH]
    row = seen_debtor(visit, debtor_id, "debtor")
    return debtor_page(visit, visit.night, row)


def seen_debtor(visit: Visit, debtor_id: str, what: str) -> Row:
    """Return the row of a debtor and write down that it was shown, or that it was refused."""
    user = "" if visit.user is None else visit.user.name
    row = visit.site.rows.debtor(visit.night, debtor_id, visit.scope)
    seen = what if row is not None else f"{what}_refused"
    visit.site.access.write(user, address_of(visit.request), seen, visit.night.name, [debtor_id])
    if row is None:
        raise NotFoundError("debtor")
    return row


def debtor_page(
    visit: Visit,
    night: Night,
    row: Row,
    status: int = 200,
    said: Mapping[str, Any] | None = None,
    fault: str | None = None,
) -> Response:
    """Return the page of one debtor; `said` and `fault` bring back a form that could not be kept."""
    site, debtor_id = visit.site, row["debtor_id"]
    details = site.rows.details(night, debtor_id)
    past = site.rows.past(site.nights.up_to(night, NIGHTS_SHOWN), debtor_id, visit.scope)
    return visit.render(
        "debtor.html.j2",
        status,
        night=night,
        row=row,
        first_horizon=night.horizons[0],
        horizons=night.horizons,
        reasons=_reasons(row, details, visit.language, night),
        own_language=night.owner["language"],
        waterfall=_waterfall(row, details, night),
        action_reason=_action_reason(row, details, visit.language, night),
        effects=_effects(row, details, night),
        comparison=comparison_of(row, details, visit.language, night.owner["currency"]),
        chart_width=_CHART,
        denied=_denied(row, night),
        points=[
            point["text"]
            for point in talking_points(
                row, night.manifest["portfolio"]["actions"], visit.language, night.owner["currency"]
            )
        ],
        past=past,
        sparks=_sparks(past),
        timeline=site.rows.timeline(night, debtor_id),
        kinds=KIND_NAMES,
        channels=[str(channel) for channel in CHANNELS],
        feedback=site.feedback.of(debtor_id),
        said=said or {},
        fault=fault,
        kept=visit.request.query_params.get("kept") in KINDS,
    )


def _reasons(row: Row, details: Row | None, language: str, night: Night) -> list[dict[str, Any]]:
    """Return the reasons with what each adds to the chance, in the reader's language where it was written."""
    texts = _translated(details, "reasons", language, night)
    shares = (details or {}).get("reason_shares") or ()
    found = []
    for i in range(REASON_COUNT):
        reason = row[f"reason_{i + 1}"]
        if reason is not None:
            text = texts[i] if texts and i < len(texts) and texts[i] else None
            share = shares[i] if i < len(shares) else None
            lang = language if text else night.owner["language"]
            found.append({**reason, "text": text or reason["text"], "lang": lang, "share": share})
    return found


def _action_reason(row: Row, details: Row | None, language: str, night: Night) -> dict[str, str] | None:
    text = _translated(details, "action_reason", language, night)
    if text:
        return {"text": text, "lang": language}
    return {"text": row["action_reason"], "lang": night.owner["language"]} if row["action_reason"] else None


def _translated(details: Row | None, name: str, language: str, night: Night) -> Any:
    if details is None or language == night.owner["language"]:
        return None
    return details.get(f"{name}_{language}")


def _waterfall(row: Row, details: Row | None, night: Night) -> dict[str, Any] | None:
    """Return the steps from the chance of an average debtor to his; None where shares were not written."""
    chance = row[f"p_repay_{night.horizons[0]}d"]
    if details is None or details.get("base_chance") is None or chance is None:
        return None
    shares = [share for share in details["reason_shares"] or () if share is not None]
    shares = shares[: sum(row[f"reason_{i}"] is not None for i in range(1, REASON_COUNT + 1))]
    base = details["base_chance"]
    rest = chance - base - sum(shares)
    steps, start, end = waterfall(base, [*shares, rest], _CHART)
    return {"base": base, "chance": chance, "rest": rest, "steps": steps, "start": start, "end": end}


def _effects(row: Row, details: Row | None, night: Night) -> dict[str, Any]:
    """Return what each action adds with its limits, drawn on one scale, the largest first."""
    limits = {one["action"]: one for one in (details or {}).get("effects") or ()}
    denied = {one["action"] for one in row["denied"] or ()}
    costs = {name: action.get("cost") for name, action in night.manifest["portfolio"]["actions"].items()}
    known = [(str(c), row[f"effect_{c}"]) for c in CHANNELS if row[f"effect_{c}"] is not None]
    known.sort(key=lambda pair: -pair[1])
    rows = [
        {
            "action": action,
            "effect": effect,
            "low": limits.get(action, {}).get("low"),
            "high": limits.get(action, {}).get("high"),
            "cost": costs.get(action),
            "denied": action in denied,
            "chosen": action == row["action"],
        }
        for action, effect in known
    ]
    drawn, zero = intervals([(one["low"], one["effect"], one["high"]) for one in rows], _CHART)
    for one, place in zip(rows, drawn, strict=True):
        one["drawn"] = place
    unsupported = [action for action in costs if row.get(f"effect_{action}") is None]
    return {"rows": rows, "zero": zero, "unsupported": unsupported if rows else []}


def _denied(row: Row, night: Night) -> list[dict[str, Any]]:
    """Return the rules that deny something, each once, with the actions that it denies."""
    rules = night.manifest.get("rules", {})
    actions: dict[str, list[str]] = {}
    for one in row["denied"] or ():
        actions.setdefault(one["rule_id"], []).append(one["action"])
    return [{"id": rule, "actions": denied, **rules.get(rule, {})} for rule, denied in actions.items()]


def _sparks(past: list[Row]) -> dict[str, str]:
    names = ("chance", "ability", "willingness", "balance")
    return {name: line([one[name] for one in past], *_SPARK) for name in names} if len(past) > 1 else {}
