"""How long each step of a run takes and how much memory it reached."""

import contextlib
import resource
import time
from collections.abc import Iterator

import structlog

log = structlog.get_logger(__name__)

_KIB = 1024


class StageClock:
    """Seconds per named step, in the order in which they ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body as the step `name` and log its start and end."""
        log.info("stage_started", stage=name)
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)
        log.info("stage_finished", stage=name, seconds=self.seconds[name], peak_mib=peak_memory_mib())


def peak_memory_mib() -> int:
    """Return the largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB
