"""Rules as rows to read: what is in force, for whom, where it comes from, how well it was verified."""

from datetime import date

from duewise.policy.rules.packs import RuleSet, in_force_on

Row = dict[str, str]

FORCES: dict[str, str] = {
    "L": "binding law",
    "P": "legal presumption",
    "S": "standard or guideline",
    "C": "company default",
}

MARKS: dict[str, str] = {
    "V1": "verified in the primary text",
    "V2": "verified in a secondary text",
    "G": "general knowledge, not verified",
}


def list_rules(ruleset: RuleSet, role: str = "creditor", on: date | None = None) -> list[Row]:
    """Return one row per rule, most binding first: id, pack, says, force, actions, dates, cite, mark.

    Parameters
    ----------
    role : str
        Rules that do not bind this role say so instead of being left out.
    on : date, optional
        Only rules in force on that day.
    """
    return [
        {
            "id": loaded.rule.id,
            "pack": loaded.pack,
            "says": loaded.rule.says,
            "force": FORCES[loaded.rule.shown_force(role)],
            "binds": "yes" if loaded.rule.binds(role) else f"not a {role}",
            "actions": ", ".join(loaded.rule.actions),
            "from": str(loaded.rule.in_force.from_),
            "to": str(loaded.rule.in_force.to or ""),
            "cite": loaded.rule.cite,
            "mark": loaded.rule.mark,
            "verified": MARKS[loaded.rule.mark.split()[0].rstrip(",")],
        }
        for loaded in ruleset.rules
        if on is None or in_force_on(loaded.rule, on)
    ]
