"""The read-only API for other systems: the same rows as the pages, as JSON, described by OpenAPI."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duewise
from duewise.contracts.columns import Kind
from duewise.contracts.strategies import strategies_schema
from duewise.publish.debtor_story import explanation_of
from duewise.web.debtor import seen_debtor
from duewise.web.nights import Night
from duewise.web.overview import rule_rows
from duewise.web.refusals import BadRequestError
from duewise.web.rows import place_of
from duewise.web.site import address_of
from duewise.web.view import FILTERS, LONGEST_SEARCH, PAGE_ROWS, SORTS, View
from duewise.web.visit import Visit

ROOT = "/api/v1"
MOST_ROWS = 500

Schema = dict[str, Any]


def nights(visit: Visit) -> Any:
    """Return the nights that stand, the newest first."""
    return {"nights": [day.isoformat() for day in visit.site.nights.dates()]}


def night(visit: Visit) -> Any:
    """Return one night: totals of what the asker may see, capacities, warnings."""
    one = visit.night
    return {
        "as_of": one.name,
        "run_id": one.run_id,
        "portfolio": one.owner["name"],
        "currency": one.owner["currency"],
        "model": one.manifest.get("model", {}).get("version"),
        "policy": one.manifest.get("policy_version"),
        "totals": visit.site.rows.totals(one, visit.scope),
        "capacities": one.manifest.get("capacities", []),
        "warnings": one.manifest.get("warnings", []),
    }


def strategies(visit: Visit) -> Any:
    """Return rows of the worklist, and the place from which the next ones follow."""
    query = visit.request.query_params
    view, one = View.of(query), visit.night
    if view.before is not None:
        raise BadRequestError("before")
    limit = _limit(query.get("limit"))
    columns = [name for name, kind in _columns(one).items() if kind is not Kind.DENIALS]
    found = visit.site.rows.every(one, view, visit.scope, columns, limit + 1)
    shown = found[:limit]
    visit.site.access.write(
        "" if visit.user is None else visit.user.name,
        address_of(visit.request),
        "api_strategies",
        one.name,
        [row["debtor_id"] for row in shown],
    )
    following = str(place_of(shown[-1])) if len(found) > limit else None
    rows = [{name: _plain(row[name]) for name in columns} for row in shown]
    return {"as_of": one.name, "strategies": rows, "next": following}


def strategy(visit: Visit) -> Any:
    """Return one debtor's strategy and why, as `duewise explain --format json` tells it."""
    debtor_id = visit.request.query_params.get("debtor_id", "")
    if not debtor_id or len(debtor_id) > LONGEST_SEARCH:
        raise BadRequestError("debtor_id")
    row = seen_debtor(visit, debtor_id, "api_strategy")
    details = visit.site.rows.details(visit.night, row["debtor_id"])
    return explanation_of(visit.night.manifest, row, details).as_dict()


def rules(visit: Visit) -> Any:
    """Return the rules in force with their citations and what each denied."""
    return {"as_of": visit.night.name, "rules": rule_rows(visit.night)}


def description(visit: Visit) -> Any:
    """Return this description of the API."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Duewise",
            "version": duewise.__version__,
            "description": "One lawful strategy per overdue debtor and night; read only.",
        },
        "security": [{"token": []}] if visit.site.users is not None else [],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _object({"error": {"type": "string"}})},
        },
        "paths": {path: {"get": _described(operation)} for path, operation in OPERATIONS.items()},
    }


@dataclass(frozen=True)
class Operation:
    """One address of the API.

    Attributes
    ----------
    parameters : tuple of dict
        Query parameters, as OpenAPI writes them.
    properties : dict
        What the answer holds.
    """

    name: str
    handler: Callable[[Visit], Any]
    properties: Schema
    parameters: tuple[Schema, ...] = field(default=())


def _parameter(name: str, schema: Schema, about: str, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": about}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


_DATE: Schema = {"type": "string", "format": "date"}
_NUMBER: Schema = {"type": ["number", "null"]}
_ROWS: Schema = {"type": "array", "items": {"type": "object"}}
_PLACE = r"^-?[0-9]{1,17}([.][0-9]{1,20})?(e[+-]?[0-9]{1,3})?~[0-9]{1,15}$"
_NIGHT = _parameter("night", _DATE, "The night; the newest where none is named.")
_FILTER_PARAMETERS = tuple(
    _parameter(
        column,
        {"type": "array", "items": {"type": "string"} if allowed is None else {"enum": list(allowed)}},
        f"Only rows with one of these values of {column}.",
    )
    for column, allowed in FILTERS.items()
)

OPERATIONS: dict[str, Operation] = {
    f"{ROOT}/nights": Operation("nights", nights, {"nights": {"type": "array", "items": _DATE}}),
    f"{ROOT}/night": Operation(
        "night",
        night,
        {
            "as_of": _DATE,
            "run_id": {"type": "string"},
            "portfolio": {"type": "string"},
            "currency": {"type": "string"},
            "model": {"type": ["string", "null"]},
            "policy": {"type": ["string", "null"]},
            "totals": {"type": "object"},
            "capacities": _ROWS,
            "warnings": _ROWS,
        },
        (_NIGHT,),
    ),
    f"{ROOT}/strategies": Operation(
        "strategies",
        strategies,
        {"as_of": _DATE, "strategies": _ROWS, "next": {"type": ["string", "null"]}},
        (
            _NIGHT,
            *_FILTER_PARAMETERS,
            _parameter("q", {"type": "string", "maxLength": LONGEST_SEARCH}, "Part of a debtor's id."),
            _parameter("sort", {"enum": list(SORTS)}, "Order of the rows."),
            _parameter("after", {"type": "string", "pattern": _PLACE}, "`next` of the answer before."),
            _parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}, "Rows at once."),
        ),
    ),
    f"{ROOT}/strategy": Operation(
        "strategy",
        strategy,
        {
            "run_id": {"type": "string"},
            "as_of": _DATE,
            "debtor_id": {"type": "string"},
            "currency": {"type": "string"},
            "strategy": {"type": "object"},
            "money": {"type": "object"},
            "person": {"type": "object"},
            "plan": {"type": "object"},
            "offer": {"type": "object"},
            "reasons": _ROWS,
            "effects": {"type": "object", "additionalProperties": _NUMBER},
            "comparison": {"type": ["object", "null"]},
            "denied": _ROWS,
        },
        (
            _parameter(
                "debtor_id",
                {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH},
                "Id of the debtor.",
                required=True,
            ),
            _NIGHT,
        ),
    ),
    f"{ROOT}/rules": Operation("rules", rules, {"as_of": _DATE, "rules": _ROWS}, (_NIGHT,)),
    f"{ROOT}/openapi.json": Operation("openapi", description, {"openapi": {"type": "string"}}),
}


def _described(operation: Operation) -> Schema:
    refused: Schema = {
        "description": "Refused; `error` says why.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    statuses = ("400", "401", "403", "404") if operation.parameters else ("401", "403")
    return {
        "operationId": operation.name,
        "summary": (operation.handler.__doc__ or "").strip(),
        "parameters": list(operation.parameters),
        "responses": {
            "200": {
                "description": "As asked.",
                "content": {"application/json": {"schema": _object(operation.properties)}},
            },
            **dict.fromkeys(statuses, refused),
        },
    }


def _columns(one: Night) -> dict[str, Kind]:
    columns = strategies_schema(one.horizons).columns
    return {name: column.metadata["kind"] for name, column in columns.items()}


def _limit(text: str | None) -> int:
    if text is None:
        return PAGE_ROWS
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MOST_ROWS:
        raise BadRequestError("limit")
    return int(text)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
