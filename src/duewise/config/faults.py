"""How a fault of a portfolio file is told: where it is, what is wrong, and the nearest valid name."""

from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from duewise.config.database_address import SECRET
from duewise.config.names import unknown_name
from duewise.config.portfolio import Portfolio


def yaml_fault(error: Exception) -> str:
    """Return what is wrong and where, without the line itself: it may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    return problem if mark is None else f"{problem}, line {mark.line + 1}, column {mark.column + 1}"


def fault_sentence(fault: ErrorDetails) -> str:
    """Return the path of the key and what is wrong with it; a value that may be secret is not repeated."""
    path = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = unknown_name(str(fault["loc"][-1]), _keys_at(fault["loc"][:-1]), what="key")
    elif fault["type"] == "missing":
        message = "is needed and absent"
    elif fault["type"] != SECRET:
        message = f"{message} (got {fault['input']!r})" if _is_scalar(fault["input"]) else message
    return f"{path or '(whole file)'}: {message}"


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float | bool) and len(str(value)) <= 80


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are valid at `location`."""
    model: Any = Portfolio
    inside_map = False
    for part in location:
        if inside_map:
            inside_map = False
            continue
        annotation = model.model_fields[str(part)].annotation
        arguments = getattr(annotation, "__args__", ())
        candidates = [annotation, *arguments]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
        inside_map = annotation is not model and getattr(annotation, "__origin__", None) is dict
    return list(model.model_fields)
