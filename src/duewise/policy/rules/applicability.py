"""Whom a rule speaks about on a day: in force, place, product, flags, exemptions."""

from dataclasses import dataclass

import numpy as np

from duewise.policy.rules.checks import lifted
from duewise.policy.rules.facts import Mask
from duewise.policy.rules.model import Part
from duewise.policy.rules.places import Place, day_number, iso_region
from duewise.policy.rules.view import View


@dataclass(frozen=True)
class Reach:
    """Whom a rule reaches, per debtor or per account as the rule is.

    Attributes
    ----------
    certain : ndarray of bool
        The rule applies.
    doubtful : ndarray of bool
        The region is not known well enough to say, and the rule then only warns.
    """

    certain: Mask
    doubtful: Mask


def reach(part: Part, view: View) -> Reach:
    """Return whom a part of a rule reaches; role and country were settled when the rule was chosen."""
    facts, per_debt = view.facts, part.per_debt
    applies = view.day >= day_number(part.in_force.from_)
    if part.in_force.to is not None:
        applies &= view.day <= day_number(part.in_force.to)
    if part.if_flags:
        applies &= view.any_of(view.on(part.if_flags), per_debt=False)
    if part.products and not per_debt:  # hours: the stricter clock when any account has the product
        having = np.isin(facts.accounts.product, list(part.products))
        holder = np.zeros(len(facts), dtype=bool)
        holder[facts.accounts.debtor[having]] = True
        applies &= holder
    doubtful = np.zeros(len(facts), dtype=bool)
    if part.regions:
        match = np.array([_region_match(part, place, facts.context.country) for place in facts.places])
        found = match[facts.debtors.place] if len(match) else np.zeros(len(facts), dtype=int)
        doubtful = applies & (found == _DOUBTFUL)
        applies = applies & (found == _CERTAIN)
    certain = view.spread_if(per_debt, applies)
    doubtful = view.spread_if(per_debt, doubtful)
    if part.products and per_debt:
        product = np.isin(facts.accounts.product, list(part.products))
        certain, doubtful = certain & product, doubtful & product
    if part.unless is not None:
        free = lifted(part.unless, view, per_debt)
        certain, doubtful = certain & ~free, doubtful & ~free
    return Reach(certain, doubtful)


_ELSEWHERE, _DOUBTFUL, _CERTAIN = 0, 1, 2


def _region_match(part: Part, place: Place, country: str | None) -> int:
    region = iso_region(place.region, country)
    if region is not None and any(region == code or region.startswith(f"{code}-") for code in part.regions):
        return _CERTAIN
    # Without a region, or with one that is only part of the code (a state where a city is meant).
    unknown = region is None or any(code.startswith(f"{region}-") for code in part.regions)
    if not unknown:
        return _ELSEWHERE
    return {"apply": _CERTAIN, "warn": _DOUBTFUL, "silent": _ELSEWHERE}[part.unknown.get("region", "silent")]
