"""Spans of a night reach the exporter that the environment names, and hold nobody's data."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from duewise.errors import ConfigError
from duewise.pipelines.clock import StageClock, traced
from duewise.tracing import configure_tracing


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def test_each_stage_is_a_span_of_its_night(spans):
    clock = StageClock()
    with traced("nightly", portfolio="cards", night="2026-06-01"):
        with clock.stage("check"):
            pass
        with clock.stage("features"):
            pass
    check, features, night = spans.get_finished_spans()
    assert [span.name for span in (check, features, night)] == ["check", "features", "nightly"]
    assert night.attributes == {"portfolio": "cards", "night": "2026-06-01"}
    assert {check.parent.span_id, features.parent.span_id} == {night.context.span_id}


def test_a_span_of_a_failure_holds_its_kind_and_not_its_message(spans):
    with pytest.raises(ValueError, match="D123"), StageClock().stage("check"):
        raise ValueError("payments.csv: debtor D123 is unknown")
    (span,) = spans.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, "ValueError")
    assert "D123" not in span.to_json()


@pytest.mark.parametrize("environment", [{}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_nothing_is_sent_unless_asked_for(environment, monkeypatch):
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(trace, "set_tracer_provider", lambda provider: pytest.fail("a provider was set"))
    configure_tracing()


def test_the_named_exporter_is_used(monkeypatch):
    chosen = []
    monkeypatch.setattr(trace, "set_tracer_provider", chosen.append)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nights")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    configure_tracing()
    (provider,) = chosen
    assert provider.resource.attributes["service.name"] == "nights"
    provider.shutdown()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    configure_tracing()
    assert len(chosen) == 1


def test_an_exporter_that_is_not_installed_is_wrong_configuration(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    with pytest.raises(ConfigError, match=r"OTEL_TRACES_EXPORTER.*carrier-pigeon.*pip install"):
        configure_tracing()
