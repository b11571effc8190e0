"""Addresses of databases as the portfolio file writes them; none may hold a secret.

Passwords come from the environment (``PGPASSWORD``), a password file (``PGPASSFILE``, ``~/.pgpass``) or a
service file (``PGSERVICEFILE``), all of which PostgreSQL's client library reads by itself. No message of
this module repeats an address: what is wrong with it may be that a secret stands in it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode

DatabaseKind = Literal["postgresql", "sqlite", "duckdb"]

_SCHEMES: dict[str, DatabaseKind] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
}
_SECRET_OPTIONS = frozenset({"password", "sslpassword"})
_OPTIONS = frozenset(
    {
        *("application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname"),
        *("gssencmode", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle"),
        *("keepalives_interval", "krbsrvname", "options", "passfile", "port", "requirepeer"),
        *("service", "sslcert", "sslcrl", "sslkey", "sslmode", "sslrootcert", "target_session_attrs"),
        *("tcp_user_timeout", "user"),
    }
)
"""Connection parameters of PostgreSQL that an address may carry."""

_PATIENCE = {
    "connect_timeout": "15",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""Without these, a server that vanishes from the network would hold up the night for hours."""

SECRETS_ELSEWHERE = (
    "a password does not belong into the portfolio file: put it into the environment variable PGPASSWORD, "
    "into ~/.pgpass (or what PGPASSFILE names), or name a service of PGSERVICEFILE by ?service=name"
)


@dataclass(frozen=True)
class DatabaseUrl:
    """Where a database is.

    Attributes
    ----------
    server : str
        Address for PostgreSQL's client library; empty for files.
    path : Path or None
        File of a SQLite or DuckDB database.
    """

    kind: DatabaseKind
    server: str = ""
    path: Path | None = None

    @property
    def name(self) -> str:
        """How messages and manifests call the database; neither host nor user stands in it."""
        return "PostgreSQL" if self.path is None else self.path.name


def parse_database_url(text: str) -> DatabaseUrl:
    """Return the database that `text` names.

    Parameters
    ----------
    text : str
        ``postgresql://[user@]host[:port]/database[?option=value]``, ``sqlite:///file`` or
        ``duckdb:///file``; a fourth slash begins an absolute path.

    Raises
    ------
    ValueError
        When it names none, or holds a password; the message never repeats the address.
    """
    scheme, separator, rest = text.strip().partition("://")
    kind = _SCHEMES.get(scheme.lower().split("+", maxsplit=1)[0]) if separator else None
    if kind is None:
        raise ValueError(
            "write it as postgresql://user@host:5432/database, sqlite:///file.db or duckdb:///file.duckdb"
        )
    if kind == "postgresql":
        return DatabaseUrl(kind, server=_server(rest))
    if not rest.startswith("/") or len(rest) < 2:
        raise ValueError(f"write the file after three slashes, e.g. {kind}:///data/file.db")
    return DatabaseUrl(kind, path=Path(unquote(rest[1:])))


def _server(rest: str) -> str:
    place, _, query = rest.partition("?")
    if ":" in place.rpartition("@")[0] or "@" in query:
        raise ValueError(SECRETS_ELSEWHERE)
    given = dict(parse_qsl(query, keep_blank_values=True))
    if _SECRET_OPTIONS & {name.lower() for name in given}:
        raise ValueError(SECRETS_ELSEWHERE)
    # A stray ? or # in a password would end up here as an option or a port, hence no echo of either.
    if "#" in rest or not set(given) <= _OPTIONS or (query and not given):
        raise ValueError(
            "it holds a character or an option that a connection to PostgreSQL does not know; "
            f"options are {', '.join(sorted(_OPTIONS))}"
        )
    host = place.rpartition("@")[2].partition("/")[0]
    port = host.rpartition("]")[2].rpartition(":")
    if port[1] and not port[2].isdigit():
        raise ValueError("the port after the host's name is not a number")
    return f"postgresql://{place}?{urlencode({**_PATIENCE, **given})}"
