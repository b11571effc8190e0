"""Where the spans of a night go: to the OpenTelemetry exporter that the environment names, or nowhere."""

import os
from importlib.metadata import entry_points

from duewise.errors import ConfigError

_EXPORTER = "OTEL_TRACES_EXPORTER"
_DISABLED = "OTEL_SDK_DISABLED"


def configure_tracing() -> None:
    """Send spans where ``OTEL_TRACES_EXPORTER`` says; without it, nothing is imported and nothing sent.

    Address, headers and the rest are read by the exporter itself, from ``OTEL_EXPORTER_OTLP_ENDPOINT`` and
    the other standard variables. A collector that does not answer never fails a night.

    Raises
    ------
    ConfigError
        When the exporter is not installed.
    """
    name = os.environ.get(_EXPORTER, "none").strip()
    if name in ("", "none") or os.environ.get(_DISABLED, "").strip().lower() == "true":
        return
    found = entry_points(group="opentelemetry_traces_exporter", name=name)
    if not found:
        raise ConfigError(
            f"{_EXPORTER}: no exporter called `{name}` is installed. For `otlp`, run `pip install "
            "opentelemetry-exporter-otlp-proto-http`; `none` sends nothing."
        )
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", "duewise")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(found[name].load()()))
    trace.set_tracer_provider(provider)
