"""What a person sees of `explain`: one debtor's story in the portfolio's language."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from duewise.terminal import out, plain

if TYPE_CHECKING:
    from duewise.publish.debtor_story import Explanation

_MONEY = ("balance", "gain", "harm", "cost", "net_gain", "runner_up_net_gain", "priority", "offer_amount")
_SHARES = ("p_", "propensity")


def print_explanation(told: "Explanation") -> None:
    """Print the story section by section; what is not known is left out."""
    from duewise.contracts.labels import code_label, column_label

    language = told.language
    identity = told.identity
    out.print(f"[bold]{plain(identity['debtor_id'])}[/]  {identity['as_of']}  {told.currency}")
    for section, values in told.sections.items():
        _heading(section, language)
        for name, value in values.items():
            if value is not None:
                _line(column_label(name, language), _shown(told, name, value))
    _heading("reasons", language)
    for reason in told.reasons:
        _line(code_label("direction", reason["direction"], language), reason["text"])
    _heading("effects", language)
    for action, money in told.effects.items():
        _line(code_label("action", action, language), "-" if money is None else _money(told, money))
    if told.comparison is not None:
        _heading("comparison", language)
        for sentence in told.comparison["text"]:
            out.print(f"  {plain(sentence)}")
    _heading("denied", language)
    for denial in told.denied:
        says, cite, mark = (denial.get(key, "") for key in ("says", "cite", "mark"))
        source = f" ({cite}; {mark})" if cite else ""
        _line(code_label("action", denial["action"], language), f"{denial['rule_id']}: {says}{source}")
    _heading("talking_points", language)
    for number, point in enumerate(told.talking_points, start=1):
        _line(f"{number}", point["text"])
    if told.feedback:
        _heading("feedback", language)
    for remark in told.feedback:
        _line(f"{remark['at']:%Y-%m-%d %H:%M} {remark['author']}", _remark(told, remark))
    out.print(
        f"run {identity['run_id']}, model {identity['model_version']}, policy {identity['policy_version']}"
    )


def _line(label: str, value: str) -> None:
    out.print(f"  {plain(label)}: {plain(value)}")


def _heading(section: str, language: str) -> None:
    from duewise.contracts.labels import code_label

    out.print(f"[bold]{code_label('section', section, language)}[/]")


def _shown(told: "Explanation", name: str, value: Any) -> str:
    from duewise.contracts.labels import code_label

    if isinstance(value, bool):
        return {True: "✓", False: "✗"}[value]
    if name in _MONEY or name.startswith("expected_recovery_"):
        return _money(told, value)
    if isinstance(value, float):
        return f"{value:.1%}" if name.startswith(_SHARES) else f"{value:,.0f}"
    if isinstance(value, datetime):
        # A debtor's own zone may differ; the portfolio's is the one that the team's clocks show.
        return f"{value.astimezone(ZoneInfo(told.timezone)):%Y-%m-%d %H:%M} {told.timezone}"
    kind = "action" if name.endswith("_action") else name
    return code_label(kind, str(value), told.language)


def _money(told: "Explanation", amount: float) -> str:
    from duewise.contracts.money import money_text

    return money_text(amount, told.currency, told.language)


def _remark(told: "Explanation", remark: dict[str, Any]) -> str:
    from duewise.contracts.labels import code_label

    promised = (
        "" if remark["amount"] is None else f" {_money(told, remark['amount'])} {remark['due_on'] or ''}"
    )
    note = f" ({remark['note']})" if remark["note"] else ""
    return f"{code_label('feedback', remark['kind'], told.language)}{promised}{note}"
