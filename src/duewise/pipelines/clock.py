"""How long each step of a run takes and how much memory it reached."""

import contextlib
import resource
import time
from collections.abc import Iterator

import structlog
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

log = structlog.get_logger(__name__)

_KIB = 1024


class StageClock:
    """Seconds per named step, in the order in which they ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body as the step `name`, log its start and end, and trace it."""
        log.info("stage_started", stage=name)
        begin = time.perf_counter()
        with traced(name):
            yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)
        log.info("stage_finished", stage=name, seconds=self.seconds[name], peak_mib=peak_memory_mib())


@contextlib.contextmanager
def traced(name: str, **attributes: str) -> Iterator[None]:
    """Make the body a span of OpenTelemetry; nothing where nobody traces.

    Of an error the span holds its kind only: messages show examples of the client's values.
    """
    tracer = trace.get_tracer("duewise")
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def peak_memory_mib() -> int:
    """Return the largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB
