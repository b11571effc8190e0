"""Rules as data: packs in YAML, their vectorised meaning, and verdicts that name the rule."""

from duewise.policy.rules.cases import PackReport, run_pack_tests
from duewise.policy.rules.evaluate import evaluate, evaluate_at, verdict
from duewise.policy.rules.extract import build_facts
from duewise.policy.rules.facts import Context, Facts
from duewise.policy.rules.listing import list_rules
from duewise.policy.rules.outlook import contacts_allowed, first_allowed
from duewise.policy.rules.packs import RuleSet, load_packs, read_pack, shipped_packs
from duewise.policy.rules.verdicts import Denial, Verdict, Verdicts, explain_denial

__all__ = [
    "Context",
    "Denial",
    "Facts",
    "PackReport",
    "RuleSet",
    "Verdict",
    "Verdicts",
    "build_facts",
    "contacts_allowed",
    "evaluate",
    "evaluate_at",
    "explain_denial",
    "first_allowed",
    "list_rules",
    "load_packs",
    "read_pack",
    "run_pack_tests",
    "shipped_packs",
    "verdict",
]
