"""The portfolio file as Markdown, generated from its fields so that it cannot fall behind.

``python -m duewise.portfolio_page`` rewrites ``docs/portfolio-file.md``.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from duewise.config import Portfolio

_INTRODUCTION = """\
# The portfolio file

Generated from `src/duewise/config`; a test keeps it current. Do not edit: run
`python -m duewise.portfolio_page`.

One YAML file describes one portfolio, and every command reads it. Only `portfolio.name` and `sources` are
needed; everything else has a default that works. A key that does not exist or a value of the wrong type is
refused with its path and the nearest valid name. `--set key.path=value` overrides one value for one run;
`--data` stands for `sources.path`, `--out` for `publish.runs`. Relative paths begin at the current folder.

```yaml
portfolio: {name: cards, currency: CNY, timezone: Asia/Shanghai, country: CN}
sources:   {path: data/cards}
actions:
  sms:  {cost: 0.05, capacity: 5000}
  call: {cost: 4.0, uses: {agent_minutes: 6}}
resources: {agent_minutes: {limit: 2400}}
rules:     [cn]
```

A larger example is [pipelines/sample.yaml](../pipelines/sample.yaml). In what follows, a name in angle
brackets is yours to choose among what the text says.
"""

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "map",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}
_CHOSEN_NAMES = {
    "mapping": "mapping.<table>",
    "actions": "actions.<channel>",
    "resources": "resources.<name>",
    "stages.bounds.steps": "stages.bounds.steps.<stage>",
    "stages.products": "stages.products.<product>",
    "stages.products.<product>.steps": "stages.products.<product>.steps.<stage>",
}

Schema = dict[str, Any]


def portfolio_text() -> str:
    """Return the page: a section for every part of the file, a row for every key."""
    schema = Portfolio.model_json_schema()
    definitions = schema["$defs"]
    plain = {name: key for name, key in schema["properties"].items() if _part(key, definitions) is None}
    parts = [
        _INTRODUCTION,
        _section("Keys of their own", "Keys that stand at the top of the file.", "", plain),
    ]
    for path, part in _parts("", schema, definitions):
        keys = {name: key for name, key in part["properties"].items() if _part(key, definitions) is None}
        if keys:
            parts.append(_section(f"`{path}`", part["description"], path, keys, part.get("required", ())))
    return "\n".join(parts)


def keys_without_meaning() -> list[str]:
    """Return the paths of keys that no sentence explains."""
    schema = Portfolio.model_json_schema()
    definitions = schema["$defs"]
    found = [("", schema), *_parts("", schema, definitions)]
    return [
        f"{path}.{name}".lstrip(".")
        for path, part in found
        for name, key in part["properties"].items()
        if _part(key, definitions) is None and "description" not in key
    ]


def _parts(above: str, schema: Schema, definitions: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield path and schema of every part below `schema`, outermost first."""
    for name, key in schema["properties"].items():
        part = _part(key, definitions)
        if part is not None:
            path = f"{above}.{name}".lstrip(".")
            path = _CHOSEN_NAMES.get(path, path)
            yield path, part
            yield from _parts(path, part, definitions)


def _part(key: Schema, definitions: Schema) -> Schema | None:
    """Return the schema of the part that a key opens, itself or by names; None for a plain value."""
    reference = key.get("$ref") or _values(key).get("$ref")
    part: Schema | None = definitions[reference.rsplit("/", 1)[-1]] if reference else None
    return part if part is not None and "properties" in part else None


def _values(key: Schema) -> Schema:
    values = key.get("additionalProperties")
    return values if isinstance(values, dict) else {}


def _section(title: str, about: str, path: str, keys: Schema, required: Any = ()) -> str:
    head = "| key | holds | default | meaning |\n| --- | --- | --- | --- |"
    rows = "\n".join(
        f"| `{name}` | {_holds(key)} | {_default(path, name, key, name in required)} "
        f"| {_cell(key.get('description', ''))} |"
        for name, key in keys.items()
    )
    return f"## {title}\n\n{about}\n\n{head}\n{rows}\n"


def _holds(key: Schema) -> str:
    options = [option for option in key.get("anyOf", [key]) if option.get("type") != "null"]
    told = []
    for option in options:
        words = ", ".join(f"`{value}`" for value in option.get("enum", [option.get("const")]) if value)
        bounds = " ".join(f"{sign} {option[name]:g}" for name, sign in _BOUNDS.items() if name in option)
        kind = _KINDS.get(option.get("type", ""), "value")
        if kind == "list" and "items" in option:
            kind = f"list of {_holds(option['items'])}"
        told.append(words or f"{kind} {bounds}".strip())
    return " or ".join(told)


def _default(path: str, name: str, key: Schema, required: bool) -> str:
    if required:
        return "needed"
    value = key["default"] if "default" in key else _made_default(path, name)
    return "" if value is None or value in ({}, []) else f"`{json.dumps(value, ensure_ascii=False)}`"


def _made_default(path: str, name: str) -> Any:
    """Return a default that the model makes anew for every file; nothing inside parts named by the user."""
    if "<" in path:
        return None
    fields: dict[str, FieldInfo] = Portfolio.model_fields
    for step in filter(None, path.split(".")):
        fields = fields[step].annotation.model_fields  # type: ignore[union-attr]
    return fields[name].get_default(call_default_factory=True)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")


def _main() -> None:
    page = Path(__file__).parents[2] / "docs" / "portfolio-file.md"
    page.write_text(portfolio_text(), encoding="utf-8")


if __name__ == "__main__":
    _main()
