"""Which code ran: the release and a hash of the source, so that a changed checkout shows."""

import functools
import hashlib
from importlib.metadata import version
from pathlib import Path

import duewise


@functools.cache
def code_version() -> str:
    """Return ``<release>+<first 12 digits of the SHA-256 over the package's source files>``."""
    root = Path(duewise.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return f"{version('duewise')}+{digest.hexdigest()[:12]}"
