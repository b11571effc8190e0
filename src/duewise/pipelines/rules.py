"""`duewise rules`: which rules a portfolio obeys, and whether packs decide their own worked cases as told."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from duewise.config import Portfolio, load_portfolio, unknown_name
from duewise.errors import ConfigError
from duewise.policy.permissions import BASE_PACK, load_rules
from duewise.policy.rules import PackReport, list_rules, run_pack_tests, shipped_packs
from duewise.policy.rules.listing import Row
from duewise.policy.rules.packs import DEFAULT_PACK

_PORTFOLIO_KEYS = ("portfolio:", "sources:")


def rules_in_force(portfolio: Portfolio, on: date) -> list[Row]:
    """Return the rules that the portfolio obeys on a day, most binding first; see ``list_rules``."""
    owner = portfolio.portfolio
    obeyed = load_rules(portfolio).binding(owner.role, owner.country)
    return list_rules(obeyed, owner.role, on)


def run_cases(targets: Sequence[str]) -> list[PackReport]:
    """Return how the worked cases of packs come out.

    Parameters
    ----------
    targets : sequence of str
        Names of shipped packs, paths of packs, or portfolio files, which stand for the packs they name;
        empty: every shipped pack.

    Raises
    ------
    ConfigError
        For an unknown name, or a pack that cannot be used; the message names file, rule and remedy.
    """
    names = [name for target in targets for name in _packs_of(target)] or list(shipped_packs())
    return [run_pack_tests(name) for name in dict.fromkeys(names)]


def _packs_of(target: str) -> list[str]:
    if target in shipped_packs():
        return [target]
    if not target.endswith((".yaml", ".yml")):
        raise ConfigError(
            f"rules: {unknown_name(target, shipped_packs(), what='pack')}, "
            "or the path of a pack or a portfolio file that ends in .yaml"
        )
    if not _is_portfolio(Path(target)):
        return [target]
    named = load_portfolio(Path(target)).rules
    return [*([DEFAULT_PACK] if named is None else named), BASE_PACK]


def _is_portfolio(path: Path) -> bool:
    """Return whether a file describes a portfolio; what cannot be read is left to the reader of packs."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return any(line.startswith(_PORTFOLIO_KEYS) for line in lines)
