"""The portfolio file: one YAML file describes one portfolio, every command reads it.

The keys are public interface. Whatever is unknown or of the wrong type is refused with the path of
the key and the nearest valid name.
"""

import difflib
import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from duewise.contracts.vocabulary import CHANNELS, Product, Stage, Table
from duewise.database_url import parse_database_url
from duewise.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Days = Annotated[int, Field(ge=1, le=3650)]
Amount = Annotated[float, Field(ge=0)]

_SECRET = "secret"
"""Kind of fault whose value may hold a secret and is never shown."""


def _database_address(value: str) -> str:
    try:
        parse_database_url(value)
    except ValueError as error:
        raise PydanticCustomError(_SECRET, "{why}", {"why": str(error)}) from None
    return value


DatabaseAddress = Annotated[str, AfterValidator(_database_address)]


class Section(BaseModel):
    """A part of the portfolio file: immutable, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PortfolioSection(Section):
    """Whose debts these are and where their law applies."""

    name: str = Field(
        min_length=1, pattern=r"^[\w.-]+$", description="Short name; used in paths and registry."
    )
    currency: str = Field("CNY", pattern=r"^[A-Z]{3}$", description="ISO 4217 code of every amount.")
    timezone: str = Field("Asia/Shanghai", description="IANA zone of debtors that have none of their own.")
    country: str | None = Field("CN", pattern=r"^[A-Z]{2}$", description="ISO 3166 code; null when unknown.")
    role: Literal["creditor", "servicer", "agency", "debt_buyer"] = Field(
        "creditor", description="What the user of Duewise is for these debts."
    )
    language: Literal["en", "zh"] = Field("zh", description="Language of sentences in the outputs.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_timezone(value)


class SourcesSection(Section):
    """Where the six tables come from: a folder, a database or Spark."""

    path: Path | None = Field(None, description="Folder of <table>.parquet|csv[.gz].")
    url: DatabaseAddress | None = Field(
        None,
        description="Database to read: postgresql://user@host/db, sqlite:///file or duckdb:///file; "
        "passwords come from PGPASSWORD, ~/.pgpass or a service file.",
    )
    spark: str | None = Field(None, description="Spark catalogue and schema.")
    max_bad_share: Share = Field(0.01, description="Share of bad rows in a table above which a run stops.")
    max_staleness_days: Count = Field(
        3, description="Age of a feed's newest event above which managers are told."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.path, self.url, self.spark)) != 1:
            raise ValueError("name exactly one of path, url and spark")
        return self


class TableMapping(Section):
    """How one table of a client's export becomes the contract."""

    file: str | None = Field(
        None,
        description="File name, or table or view of a database; default <table>.<any known ending>.",
    )
    encoding: str | None = Field(None, description="Default UTF-8 (with or without BOM), else GB18030.")
    timezone: str | None = Field(None, description="Zone of times without one; default portfolio.timezone.")
    columns: dict[str, str] = Field(default_factory=dict, description="Client's name: contract's name.")
    codes: dict[str, dict[str, str | bool | int | float]] = Field(
        default_factory=dict, description="Contract column: {client's code: contract's code}."
    )
    formats: dict[str, str] = Field(default_factory=dict, description="Contract column: strptime format.")
    constants: dict[str, str | bool | int | float] = Field(
        default_factory=dict, description="Contract column: value of every row."
    )

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, value: Any) -> Any:
        # YAML reads unquoted 是/1/true as it likes; a client's code is always compared as text.
        if not isinstance(value, Mapping):
            return value
        return {
            column: {str(k): v for k, v in codes.items()} if isinstance(codes, Mapping) else codes
            for column, codes in value.items()
        }

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return value if value is None else known_timezone(value)


class Action(Section):
    """One thing the team can do tonight; a file that names none gets sms, ai_call and call."""

    cost: Amount = Field(0.0, description="Money per action.")
    capacity: Count | None = Field(None, description="Most that can be done tonight; null is no limit.")
    at_least: Count = Field(0, description="Fewest that must be planned tonight.")
    uses: dict[str, Amount] = Field(default_factory=dict, description="Units of each resource per action.")

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        if self.capacity is not None and self.at_least > self.capacity:
            raise ValueError(f"at_least ({self.at_least}) exceeds capacity ({self.capacity})")
        return self


class Resource(Section):
    """Something that several actions use up."""

    limit: Amount = Field(description="Units available tonight; per region where `per` says so.")
    at_least: Amount = Field(0.0, description="Units that must be planned tonight.")
    per: Literal["region"] | None = Field(None, description="Whether the limit holds for each region.")


class HarmSection(Section):
    """What harm costs."""

    complaint_cost: Amount = Field(200.0, description="Money per complaint, opt-out or dispute.")


class OffersSection(Section):
    """Bounds within which offers are made."""

    settlement_floor: Share | None = Field(
        None, description="Least share of the balance that settles it; null: no settlement is offered."
    )
    max_months: Annotated[int, Field(ge=1, le=120)] = Field(24, description="Longest instalment plan.")
    living_cost: Amount = Field(
        0.0, description="Monthly cost of living of a person and of each dependant, kept out of instalments."
    )
    instalment_share: Share = Field(
        0.5, description="Share of the disposable income that an instalment may take."
    )
    sale_price: Share | None = Field(
        None, description="Price of a sale as a share of balance; null: no sale."
    )
    discount_rate: Amount = Field(0.12, description="Yearly rate at which later money is discounted.")


class StageSteps(Section):
    """What must have been done before a stage begins."""

    contacts: Count = Field(0, description="Contacts made since placement.")
    notices: list[str] = Field(
        default_factory=list, description="Kinds of notices that must have been served."
    )
    evidence: list[str] = Field(default_factory=list, description="Items of evidence that must be on file.")


class StageBounds(Section):
    """Days past due from which each stage begins; the first stage begins at placement."""

    intensified: Count = Field(31, description="First day past due of the intensified stage.")
    legal: Count = Field(91, description="First day past due of the legal stage.")
    disposal: Count = Field(361, description="First day past due of the disposal stage.")
    steps: dict[Stage, StageSteps] = Field(
        default_factory=dict, description="What must have been done before a stage begins."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.intensified <= self.legal <= self.disposal:
            raise ValueError("the bounds must rise: intensified <= legal <= disposal")
        if Stage.REMINDER in self.steps:
            raise ValueError("steps: the first stage, `reminder`, begins at placement and waits for nothing")
        return self


class StagesSection(Section):
    """The ladder of collections; a product's table, where it has one, stands in for the whole of `bounds`."""

    bounds: StageBounds = Field(default_factory=StageBounds)
    products: dict[Product, StageBounds] = Field(default_factory=dict)


class QueuesSection(Section):
    """When a date makes a debtor urgent."""

    grace_days: Count = Field(
        2, description="Days after its due date until a promise that was not kept is broken."
    )
    grace_days_by_method: dict[str, Count] = Field(
        default_factory=dict,
        description="The same for debtors whose latest payment came by a method (payments.method).",
    )


class CellsSection(Section):
    """The nightly experiment."""

    control: Share = Field(0.05, description="Share of debtors left alone except for legal duties.")
    explore: Share = Field(0.05, description="Share whose action is drawn among the permitted ones.")
    seed: str = Field("change-me", description="Key of the hash that draws the cells.")
    period_days: Days = Field(28, description="Days for which a debtor keeps the cell.")

    @model_validator(mode="after")
    def _room_for_policy(self) -> Self:
        if self.control + self.explore > 1:
            raise ValueError("control and explore together exceed 1")
        return self


class ExtraFeatures(Section):
    """Columns beyond the contract that models may read."""

    debtors: list[str] = Field(default_factory=list, description="Columns of debtors.")
    accounts: list[str] = Field(default_factory=list, description="Columns of accounts.")


class FeaturesSection(Section):
    """What models may see."""

    protected: list[str] = Field(
        default_factory=lambda: ["birth_year", "gender", "language"],
        description="Columns kept out of every model, used for audit only.",
    )
    extra: ExtraFeatures = Field(default_factory=ExtraFeatures)

    @model_validator(mode="after")
    def _protected_stay_out(self) -> Self:
        both = sorted(set(self.protected) & {*self.extra.debtors, *self.extra.accounts})
        if both:
            raise ValueError(f"{', '.join(both)}: declared both protected and extra")
        return self


class TrainingSection(Section):
    """How models are fitted."""

    snapshot_every_days: Days = Field(14, description="Days between two past decision dates.")
    history_days: Days = Field(365, description="How far back decision dates reach.")
    repay_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.10, description="Repaid means at least this share of the balance."
    )
    posting_delay_days: Count = Field(7, description="Days until payments are booked; labels wait for them.")
    max_rows: Annotated[int, Field(ge=1000)] = Field(
        300_000, description="Debtor-dates used for fitting; beyond it, debtors are sampled."
    )
    min_debtors: Annotated[int, Field(ge=1)] = Field(
        200, description="Debtors with a known outcome below which no model is fitted."
    )
    threads: Annotated[int, Field(ge=1)] = Field(1, description="Threads per model fit.")
    seed: int = Field(20240601, description="Seed of every random draw in training.")


class ModelsSection(Section):
    """Where models live."""

    store: Path = Field(Path("models/mlflow"), description="Folder of the MLflow store.")
    name: str | None = Field(None, description="Registered name; default the portfolio's.")


class PublishSection(Section):
    """Where results go."""

    runs: Path = Field(Path("runs"), description="Folder of the run folders.")
    excel: bool = Field(True, description="Write worklist.xlsx.")
    report: bool = Field(True, description="Write report.html.")
    metrics: Path | None = Field(
        None, description="Prometheus text file that each night rewrites; null writes none."
    )
    keep_days: Days | None = Field(
        None, description="Age at which `duewise retention` removes a run; null keeps all."
    )
    database: DatabaseAddress | None = Field(
        None,
        description="Database that gets the same rows: postgresql://user@host/db, sqlite:///file or "
        "duckdb:///file; null writes none.",
    )


class MachineSection(Section):
    """What a run may take of the machine that it shares."""

    memory: ByteSize | None = Field(
        None,
        description="Most memory of a run, e.g. 8GiB: events beyond it are worked on from disk below "
        "publish.runs, and a night whose debtors do not fit ends at once; null: no bound.",
    )


class ServeSection(Section):
    """The managers' page."""

    host: str = Field("127.0.0.1", description="Address to listen on; any but this machine needs `users`.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8040, description="Port; 0 takes a free one.")
    hosts: list[str] = Field(
        default_factory=list, description="Names by which browsers may call the server, beside its address."
    )
    users: Path | None = Field(
        None, description="File of users, kept by `duewise users`; null: whoever is on this machine may read."
    )
    proxies: list[str] = Field(
        default_factory=list, description="Addresses or networks whose `proxy_header` names the user."
    )
    proxy_header: str = Field("X-Remote-User", description="Header in which a listed proxy names the user.")
    certificate: Path | None = Field(None, description="TLS certificate (PEM); null: no TLS of its own.")
    key: Path | None = Field(None, description="Private key of the certificate (PEM).")

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for address in value:
            ipaddress.ip_network(address)
        return value


def default_actions() -> dict[str, Action]:
    """Return the actions of a small team, used when the portfolio file names none."""
    return {
        "sms": Action(cost=0.05, capacity=5000),
        "ai_call": Action(cost=0.4, capacity=1000),
        "call": Action(cost=4.0, capacity=300, uses={"agent_minutes": 6}),
    }


class Portfolio(Section):
    """Everything that describes one portfolio."""

    portfolio: PortfolioSection
    sources: SourcesSection
    mapping: dict[Table, TableMapping] = Field(default_factory=dict)
    horizons: list[Days] = Field(
        default_factory=lambda: [30, 90, 180],
        min_length=1,
        description="Days over which recovery is forecast; the first is the one that strategies maximise.",
    )
    decision_days: Days = Field(7, description="Days for which tonight's action stands before the next one.")
    actions: dict[str, Action] = Field(default_factory=default_actions)
    resources: dict[str, Resource] = Field(default_factory=dict)
    harm: HarmSection = Field(default_factory=HarmSection)
    rules: list[str] | None = Field(None, description="Packs or paths; null: common.strict; []: none.")
    stages: StagesSection = Field(default_factory=StagesSection)
    artefacts: list[str] | None = Field(
        None, description="Script lines, templates and reviews that the team can attach; null: not said."
    )
    offers: OffersSection = Field(default_factory=OffersSection)
    queues: QueuesSection = Field(default_factory=QueuesSection)
    cells: CellsSection = Field(default_factory=CellsSection)
    features: FeaturesSection = Field(default_factory=FeaturesSection)
    training: TrainingSection = Field(default_factory=TrainingSection)
    models: ModelsSection = Field(default_factory=ModelsSection)
    publish: PublishSection = Field(default_factory=PublishSection)
    machine: MachineSection = Field(default_factory=MachineSection)
    serve: ServeSection = Field(default_factory=ServeSection)

    @field_validator("horizons")
    @classmethod
    def _distinct_horizons(cls, value: list[int]) -> list[int]:
        if len(set(value)) != len(value):
            raise ValueError("a horizon is named twice")
        return value

    @field_validator("actions")
    @classmethod
    def _known_actions(cls, value: dict[str, Action]) -> dict[str, Action]:
        for name in value:
            if name not in CHANNELS:
                raise ValueError(unknown_name(name, CHANNELS))
        return value

    @model_validator(mode="after")
    def _known_resources(self) -> Self:
        for name, action in self.actions.items():
            for resource in action.uses:
                if self.resources and resource not in self.resources:
                    raise ValueError(f"actions.{name}.uses: {unknown_name(resource, self.resources)}")
        return self

    @property
    def registered_name(self) -> str:
        """Name under which the model bundle is registered."""
        return self.models.name or self.portfolio.name


def known_timezone(value: str) -> str:
    """Return `value` when it is an IANA zone; raise ``ValueError`` with the nearest name otherwise."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(unknown_name(value, available_timezones(), what="time zone")) from error
    return value


def unknown_name(name: str, valid: Iterable[str], what: str = "name") -> str:
    """Return a sentence that refuses `name` and offers the nearest of `valid`."""
    options = sorted(map(str, valid))
    near = difflib.get_close_matches(str(name), options, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"valid: {', '.join(options[:15])}"
    return f"unknown {what} `{name}`; {hint}"


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
        _apply_override(content, override)
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
        faults = "\n".join(f"  {_sentence(fault)}" for fault in error.errors(include_url=False))
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
        raise ConfigError(f"{path}: is not valid YAML: {_yaml_fault(error)}.") from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path}: a portfolio file holds keys such as `portfolio:` and `sources:`; this one holds none."
        )
    return content


def _yaml_fault(error: Exception) -> str:
    """Return what is wrong and where, without the line itself: it may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    return problem if mark is None else f"{problem}, line {mark.line + 1}, column {mark.column + 1}"


def _apply_override(content: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key.strip():
        raise ConfigError(
            f"--set {override}: write it as key.path=value, e.g. --set actions.call.capacity=200."
        )
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {key}: the value is not valid YAML ({_yaml_fault(error)}).") from error
    *parents, last = key.strip().split(".")
    node = content
    for parent in parents:
        child = node.get(parent)
        if not isinstance(child, dict):
            child = {}
            node[parent] = child
        node = child
    node[last] = value


def _sentence(fault: ErrorDetails) -> str:
    path = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = unknown_name(str(fault["loc"][-1]), _keys_at(fault["loc"][:-1]), what="key")
    elif fault["type"] == "missing":
        message = "is needed and absent"
    elif fault["type"] != _SECRET:
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
