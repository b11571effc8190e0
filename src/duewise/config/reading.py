"""From a YAML file, and what the command line says on top of it, to a `Portfolio`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from duewise.config.faults import fault_sentence, yaml_fault
from duewise.config.overrides import apply_override
from duewise.config.portfolio import Portfolio
from duewise.errors import ConfigError


def load_portfolio(
    path: Path, overrides: Iterable[str] = (), *, data: Path | None = None, out: Path | None = None
) -> Portfolio:
    """Return the portfolio that the file at `path` describes.

    Parameters
    ----------
    path : Path
        YAML file.
    overrides : iterable of str
        ``key.path=value`` settings, the value in YAML, applied on top of the file.
    data, out : Path, optional
        Replace ``sources.path`` and ``publish.runs``.

    Raises
    ------
    ConfigError
        When the file cannot be read, or a key or value is not valid; every fault is listed.
    """
    content = _read_yaml(path)
    for override in overrides:
        apply_override(content, override)
    if data is not None:
        kept = {k: v for k, v in (content.get("sources") or {}).items() if k not in ("path", "url", "spark")}
        content["sources"] = {**kept, "path": str(data)}
    if out is not None:
        content["publish"] = {**(content.get("publish") or {}), "runs": str(out)}
    return parse_portfolio(content, origin=str(path))


def parse_portfolio(content: Mapping[str, Any], origin: str) -> Portfolio:
    """Return the portfolio in `content`; `origin` names it in errors.

    Raises
    ------
    ConfigError
        With one line for each fault: the path of the key, what is wrong, the nearest valid name.
    """
    present = {key: value for key, value in content.items() if value is not None or key == "rules"}
    try:
        return Portfolio.model_validate(present)
    except ValidationError as error:
        faults = "\n".join(f"  {fault_sentence(fault)}" for fault in error.errors(include_url=False))
        raise ConfigError(f"{origin}: the portfolio file cannot be used:\n{faults}") from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such portfolio file. Name a YAML file as the first argument."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path}: is not valid YAML: {yaml_fault(error)}.") from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path}: a portfolio file holds keys such as `portfolio:` and `sources:`; this one holds none."
        )
    return content
