"""Who looked at which debtor: one line of JSON per look, readable by the owner of the runs only."""

import json
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

ACCESS_FILE = "access.jsonl"


class AccessLog:
    """Appends looks to a file; a look that cannot be written down is not given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def write(
        self, user: str, address: str, what: str, night: str, debtors: Sequence[str] = (), **more: object
    ) -> None:
        """Write down that `user` was shown `debtors` of a night, or was refused."""
        look = {
            "at": datetime.now(UTC).isoformat("T", "milliseconds"),
            "user": user,
            "address": address,
            "what": what,
            "night": night,
            "debtors": list(debtors),
            **more,
        }
        line = (json.dumps(look, ensure_ascii=False) + "\n").encode()
        with self._lock:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)
