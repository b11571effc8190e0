"""A real PostgreSQL server for the tests: Debian's binaries, a free port, a password, a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

USER, PASSWORD = "nightly", "pl4nted-s3cret"


@dataclass(frozen=True)
class Server:
    """A running server; its secret is in no address."""

    binaries: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        from adbc_driver_postgresql import dbapi

        address = f"{self.url_of(database)}?password={PASSWORD}"
        with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def fill(self, tables: dict[str, Any], database: str = "postgres") -> None:
        """Write Arrow tables as tables of the database."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(f"{self.url_of(database)}?password={PASSWORD}") as connection:
            with connection.cursor() as cursor:
                for name, rows in tables.items():
                    cursor.adbc_ingest(name, rows, mode="replace")
            connection.commit()

    def command(self, *arguments: str) -> list[str]:
        """Return the command that controls the server."""
        log = self.folder / "log"
        return _unprivileged(
            [self.binaries / "pg_ctl", "-D", self.folder / "data", "-l", log, "-w", *arguments]
        )

    def control(self, *arguments: str) -> None:
        subprocess.run(self.command(*arguments), check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        self.control(
            "-o", f"-p {self.port} -k {self.folder} -c fsync=off -c listen_addresses=127.0.0.1", "start"
        )

    def stop(self, how: str = "immediate") -> None:
        self.control("-m", how, "stop")


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server, or skip the test where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="duewise-postgresql-"))
    try:
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_owner())
            for path in (folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        command = [binaries / "initdb", "-D", folder / "data", "-U", USER, "--auth=scram-sha-256"]
        options = [f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(_unprivileged([*command, *options]), check=True, stdout=subprocess.DEVNULL)
        server = Server(binaries, folder, _free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str:
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _unprivileged(command: list[Any]) -> list[str]:
    """Return the command for a user other than root, as whom PostgreSQL refuses to run."""
    words = [str(word) for word in command]
    return ["setpriv", f"--reuid={_owner()}", "--clear-groups", *words] if os.geteuid() == 0 else words


def _free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
