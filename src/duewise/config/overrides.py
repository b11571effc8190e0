"""Settings given on the command line (``--set key.path=value``) on top of the file."""

from typing import Any

import yaml

from duewise.config.faults import yaml_fault
from duewise.errors import ConfigError


def apply_override(content: dict[str, Any], override: str) -> None:
    """Set in `content` what `override` says; the value is YAML, absent sections are made."""
    key, separator, text = override.partition("=")
    if not separator or not key.strip():
        raise ConfigError(
            f"--set {override}: write it as key.path=value, e.g. --set actions.call.capacity=200."
        )
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {key}: the value is not valid YAML ({yaml_fault(error)}).") from error
    *parents, last = key.strip().split(".")
    node = content
    for parent in parents:
        child = node.get(parent)
        if not isinstance(child, dict):
            child = {}
            node[parent] = child
        node = child
    node[last] = value
