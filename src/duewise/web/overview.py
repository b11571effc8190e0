"""Pages about the whole: rules in force, models, and the nights so far."""

import json
from typing import Any

from starlette.responses import Response

from duewise.publish.findings_file import MONITOR
from duewise.web.charts import line
from duewise.web.findings import findings_of
from duewise.web.i18n import gettext_noop as _
from duewise.web.nights import Night
from duewise.web.visit import Visit

NIGHTS_SHOWN = 60
_SPARK = (600.0, 60.0)
RULE_WORDS = (
    _("binding law"),
    _("legal presumption"),
    _("standard or guideline"),
    _("company default"),
    _("verified in the primary text"),
    _("verified in a secondary text"),
    _("general knowledge, not verified"),
)
"""How binding a rule is and how well it was verified, as the night writes it."""

_NOTHING_SAID = dict.fromkeys(("id", "pack", "says", "force", "actions", "cite", "mark", "verified"), "")


def rules(visit: Visit) -> Response:
    """Return the rules in force, with their citations and what each denied tonight."""
    return visit.render("rules.html.j2", night=visit.night, rules=rule_rows(visit.night))


def rule_rows(night: Night) -> list[dict[str, Any]]:
    """Return every rule in force with what it denied, the most binding first; see `list_rules`."""
    manifest = night.manifest
    counts, texts = manifest.get("denials", {}), manifest.get("rules", {})
    listed = [_NOTHING_SAID | row for row in manifest.get("rules_in_force", ())]
    named = {row["id"] for row in listed}
    # A night may deny by what no pack holds, such as that no phone is on file.
    listed += [
        _NOTHING_SAID | texts[rule] | {"id": rule} for rule in counts if rule not in named and rule in texts
    ]
    for row in listed:
        row["denied"] = counts.get(row["id"], 0)
    return listed


def models(visit: Visit) -> Response:
    """Return what scored tonight, how well it holds, and how groups of people are treated."""
    night = visit.night
    return visit.render(
        "models.html.j2",
        night=night,
        model=night.manifest.get("model", {}),
        monitor=findings_of(night, MONITOR),
    )


def runs(visit: Visit) -> Response:
    """Return the nights so far, and two of them side by side."""
    nights = visit.site.nights
    shown = nights.up_to(nights.get(None), NIGHTS_SHOWN)[::-1]
    query = visit.request.query_params
    left = nights.get(query["from"]) if query.get("from") else (shown[1] if len(shown) > 1 else None)
    right = nights.get(query["to"]) if query.get("to") else shown[0]
    totals = {one.name: visit.site.rows.totals(one, visit.scope) for one in shown}
    return visit.render(
        "runs.html.j2",
        shown=shown,
        totals=totals,
        balance=line([totals[one.name]["balance"] for one in reversed(shown)], *_SPARK),
        spark=_SPARK,
        compared=None if left is None or left.name == right.name else _compared(visit, left, right),
    )


def _compared(visit: Visit, left: Night, right: Night) -> dict[str, Any]:
    rows = visit.site.rows
    before, after = rows.totals(left, visit.scope), rows.totals(right, visit.scope)
    actions = {
        night.name: {
            one["value"]: one["debtors"] for one in rows.counts(night, ["action"], visit.scope)["action"]
        }
        for night in (left, right)
    }
    names = [name for name in {**actions[left.name], **actions[right.name]} if name != "none"]
    return {
        "left": left,
        "right": right,
        "before": before,
        "after": after,
        "moves": rows.moves(left, right, visit.scope),
        "actions": [
            {
                "action": name,
                "before": actions[left.name].get(name, 0),
                "after": actions[right.name].get(name, 0),
            }
            for name in sorted(names)
        ],
        "settings": _changed_settings(left, right),
    }


def _changed_settings(left: Night, right: Night) -> list[dict[str, str]]:
    """Return what differs between the settings and versions of two nights, by path."""
    pairs = []
    for night in (left, right):
        flat = _flat(night.manifest["portfolio"])
        flat["model"] = str(night.manifest.get("model", {}).get("version"))
        flat["policy"] = str(night.manifest.get("policy_version"))
        pairs.append(flat)
    before, after = pairs
    return [
        {"key": key, "before": before.get(key, ""), "after": after.get(key, "")}
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _flat(content: Any, above: str = "") -> dict[str, str]:
    if not isinstance(content, dict):
        return {above: json.dumps(content, ensure_ascii=False)}
    found: dict[str, str] = {}
    for key, value in content.items():
        found |= _flat(value, f"{above}.{key}" if above else str(key))
    return found
