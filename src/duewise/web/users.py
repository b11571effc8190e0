"""Who may see the page: names, roles, teams, and how they prove it."""

import functools
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from duewise.config import unknown_name
from duewise.contracts.vocabulary import Queue
from duewise.errors import ConfigError

SHORTEST_PASSWORD = 12


class Role(StrEnum):
    """What somebody may do."""

    AGENT = "agent"
    MANAGER = "manager"
    AUDITOR = "auditor"


SEES_ALL_PAGES = frozenset({Role.MANAGER, Role.AUDITOR})
"""Who sees models, runs and exports beside the worklist."""

GIVES_FEEDBACK = frozenset({Role.AGENT, Role.MANAGER})


@dataclass(frozen=True)
class User:
    """Somebody who may look.

    Attributes
    ----------
    regions, queues : tuple of str
        The debtors of his team; empty: all of them.
    password, token : str or None
        Argon2 hash of the password; SHA-256 of the random token by which a machine signs in.
    """

    name: str
    role: Role
    regions: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def scope(self) -> Mapping[str, tuple[str, ...]]:
        """Columns that his debtors are limited by."""
        return {"region": self.regions, "queue": self.queues}

    @property
    def scoped(self) -> bool:
        """Whether he sees a part only."""
        return bool(self.regions or self.queues)


LOCAL = User("local", Role.MANAGER)
"""Whoever sits at this machine, where the portfolio file names no users."""


class Users:
    """The users of one file, read again when it changes; a removed user is out at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = -1
        self._users: dict[str, User] = {}
        self.all()

    def all(self) -> Mapping[str, User]:
        """Return every user by name.

        Raises
        ------
        ConfigError
            When the file cannot be read; the message names the fault.
        """
        try:
            stamp = self.path.stat().st_mtime_ns
        except OSError as error:
            raise ConfigError(
                f"{self.path}: the users cannot be read ({error.strerror}). Add one with `duewise users add`."
            ) from error
        if stamp != self._stamp:
            self._users, self._stamp = read_users(self.path), stamp
        return self._users

    def by_password(self, name: str, password: str) -> User | None:
        """Return the user whose password this is; None for every other pair."""
        user = self.all().get(name)
        known = user.password if user is not None else None
        try:
            right = PasswordHasher().verify(known or _nobody(), password)
        except (VerificationError, InvalidHashError):
            return None
        return user if right and known else None

    def by_token(self, token: str) -> User | None:
        """Return the user whose token this is."""
        wanted = token_hash(token)
        return next(
            (
                user
                for user in self.all().values()
                if user.token and secrets.compare_digest(user.token, wanted)
            ),
            None,
        )


@functools.cache
def _nobody() -> str:
    """Return a hash to check for names that do not exist, so that they take as long as those that do."""
    return PasswordHasher().hash(secrets.token_urlsafe(16))


def token_hash(token: str) -> str:
    """Return what the file keeps of a token; it is random and long, so that no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_users(path: Path) -> dict[str, User]:
    """Return the users of a file.

    Raises
    ------
    ConfigError
        When it is no such file; every fault names the user.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: the users cannot be read: {error}") from error
    listed = content.get("users") if isinstance(content, dict) else None
    if not isinstance(listed, dict):
        raise ConfigError(f"{path}: a file of users holds `users:` with one entry per name.")
    return {str(name): _user(path, str(name), entry) for name, entry in listed.items()}


def write_users(path: Path, users: Mapping[str, User]) -> None:
    """Write a file of users, whole or not at all, for its owner's eyes only."""
    listed = {
        user.name: {
            key: value
            for key, value in (
                ("role", str(user.role)),
                ("regions", list(user.regions)),
                ("queues", list(user.queues)),
                ("password", user.password),
                ("token", user.token),
            )
            if value
        }
        for user in users.values()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.touch(mode=0o600)
    partial.write_text(yaml.safe_dump({"users": listed}, allow_unicode=True), encoding="utf-8")
    partial.replace(path)


def keep_user(
    path: Path,
    name: str,
    role: str,
    regions: Sequence[str],
    queues: Sequence[str],
    *,
    password: str | None = None,
    token: str | None = None,
) -> None:
    """Add a user to a file, which is made where there is none, or replace him.

    Raises
    ------
    ConfigError
        When the file, the name, the role, a queue or the password cannot be used.
    """
    if not name.strip() or not name.isprintable():
        raise ConfigError("A name holds printable characters, and at least one of them.")
    users = read_users(path) if path.exists() else {}
    entry: dict[str, Any] = {"role": role, "regions": list(regions), "queues": list(queues)}
    if password is not None:
        entry["password"] = hashed(password)
    if token is not None:
        entry["token"] = token_hash(token)
    write_users(path, {**users, name: _user(path, name, entry)})


def drop_user(path: Path, name: str) -> None:
    """Remove a user from a file.

    Raises
    ------
    ConfigError
        When there is no such file or user.
    """
    users = read_users(path)
    if name not in users:
        raise ConfigError(f"{path}: {unknown_name(name, users, what='user')}")
    write_users(path, {other: user for other, user in users.items() if other != name})


def new_token() -> str:
    """Return a random token for a machine."""
    return secrets.token_urlsafe(32)


def hashed(password: str) -> str:
    """Return the argon2 hash of a password.

    Raises
    ------
    ConfigError
        When it is too short to be one.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigError(f"A password has at least {SHORTEST_PASSWORD} characters.")
    return PasswordHasher().hash(password)


def _user(path: Path, name: str, entry: Any) -> User:
    if not isinstance(entry, dict):
        raise ConfigError(f"{path}: users.{name}: is no entry with `role:` and `password:`.")
    unknown = set(entry) - {"role", "regions", "queues", "password", "token"}
    if unknown:
        raise ConfigError(f"{path}: users.{name}: unknown key `{sorted(map(str, unknown))[0]}`.")
    try:
        role = Role(entry.get("role", ""))
    except ValueError as error:
        raise ConfigError(
            f"{path}: users.{name}.role: {unknown_name(str(entry.get('role')), Role, what='role')}"
        ) from error
    queues = tuple(map(str, entry.get("queues") or ()))
    for queue in queues:
        if queue not in set(map(str, Queue)):
            raise ConfigError(f"{path}: users.{name}.queues: {unknown_name(queue, Queue, what='queue')}")
    return User(
        name=name,
        role=role,
        regions=tuple(map(str, entry.get("regions") or ())),
        queues=queues,
        password=entry.get("password"),
        token=entry.get("token"),
    )
