"""Logs, traces and metrics, set up once by each entry point."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Literal, Protocol, TextIO

from releasepilot.errors import StackError

#: What a line says beside its message, where it is known.
FIELDS = ("train", "component", "step")

_bound: ContextVar[Mapping[str, str]] = ContextVar("releasepilot_log_fields", default={})  # noqa: B039 - never changed


@contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Within this block every line of this task carries these of FIELDS."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def fields_of(record: logging.LogRecord) -> dict[str, str]:
    """Return FIELDS of a record: of its extras, of the surrounding `bound`, or of the step that Temporal names."""
    found = {**_of_activity(record), **_bound.get()}
    found.update({name: str(value) for name in FIELDS if (value := getattr(record, name, None))})
    return {name: found[name] for name in FIELDS if found.get(name)}


def _of_activity(record: logging.LogRecord) -> dict[str, str]:
    """Read what the SDK puts on the records of its activity and workflow loggers."""
    about = getattr(record, "temporal_activity", None) or getattr(record, "temporal_workflow", None)
    workflow = about.get("workflow_id") if isinstance(about, Mapping) else None
    return {"train": str(workflow)} if workflow else {}


class Choices(Protocol):
    """What has to be known of the settings."""

    @property
    def log_format(self) -> Literal["plain", "json"]:
        """For people or for machines."""

    @property
    def log_level(self) -> str:
        """Of ReleasePilot's own lines."""

    @property
    def otlp_endpoint(self) -> str:
        """The base URL of a collector that takes OTLP by HTTP; empty for none."""


class _UtcFormatter(logging.Formatter):
    """Tells the time in UTC, to the millisecond."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Write the record's time as ISO 8601."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class PlainFormatter(_UtcFormatter):
    """One line for people: time, level, message, then the fields."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Add the fields, and keep a message with line breaks on one line."""
        line = super().formatMessage(record)
        said = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        return _one_line(f"{line} [{said}]" if said else line)


class JsonFormatter(_UtcFormatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record with its fields, and the traceback of an error."""
        line: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _one_line(text: str) -> str:
    """Show control characters as escapes: a commit message must not forge a line or steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """What an entry point set up. Close it at the end, so that nothing measured is lost."""

    #: Whether traces and metrics leave this process.
    enabled: bool
    #: The providers of the SDK, to be shut down.
    _providers: tuple[Any, ...] = field(default=(), repr=False)

    def plugins(self) -> list[Any]:
        """Return the plugins that Temporal's client takes; give them to the client alone, workers inherit them."""
        if not self.enabled:
            return []
        return [import_module("temporalio.contrib.opentelemetry").OpenTelemetryPlugin(add_temporal_spans=True)]

    def close(self) -> None:
        """Send what is still waiting, and end the exporters."""
        for provider in self._providers:
            provider.shutdown()


def set_up(choices: Choices, service: str, hide: Callable[[str], str] | None = None) -> Telemetry:
    """Set up logging, and traces and metrics where an OTLP endpoint is configured; call it before a client connects.

    `hide` takes out of each line of the log what may not stand there.
    StackError where the endpoint is configured and the extra `otel` is not installed.
    """
    set_up_logging(choices.log_format, choices.log_level, hide)
    if not choices.otlp_endpoint:
        return Telemetry(enabled=False)
    try:
        return Telemetry(enabled=True, _providers=_exporting(choices.otlp_endpoint.rstrip("/"), service))
    except ImportError as error:
        raise StackError(
            f"an OTLP endpoint is configured, but {error.name or 'OpenTelemetry'} is not installed",
            hint="install releasepilot[otel], or unset OTEL_EXPORTER_OTLP_ENDPOINT",
        ) from error


class _Discreet(logging.StreamHandler[TextIO]):
    """Writes whole lines, tracebacks included, without what is to be hidden."""

    def __init__(self, stream: TextIO, hide: Callable[[str], str]) -> None:
        super().__init__(stream)
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """Format the record, then hide: a secret may be an argument, or in the text of an error."""
        return self._hide(super().format(record))


def set_up_logging(style: Literal["plain", "json"], level: str, hide: Callable[[str], str] | None = None) -> None:
    """Send every logger's lines to stderr in one style. What libraries say below WARNING is left out."""
    handler = _Discreet(sys.stderr, hide) if hide else logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else PlainFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("releasepilot", "temporalio.activity", "temporalio.workflow"):
        logging.getLogger(name).setLevel(level)


def _exporting(endpoint: str, service: str) -> tuple[Any, ...]:
    """Make providers that export by OTLP over HTTP, and make them the global ones."""
    trace = import_module("opentelemetry.trace")
    metrics = import_module("opentelemetry.metrics")
    resource = import_module("opentelemetry.sdk.resources").Resource.create({"service.name": service})
    span_exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter
    metric_exporter = import_module("opentelemetry.exporter.otlp.proto.http.metric_exporter").OTLPMetricExporter
    batch = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor
    sdk_metrics = import_module("opentelemetry.sdk.metrics")
    reader = import_module("opentelemetry.sdk.metrics.export").PeriodicExportingMetricReader
    # Temporal's own provider: its spans survive a workflow's replay without being sent twice.
    tracing = import_module("temporalio.contrib.opentelemetry").create_tracer_provider(resource=resource)
    tracing.add_span_processor(batch(span_exporter(endpoint=f"{endpoint}/v1/traces")))
    measuring = sdk_metrics.MeterProvider(
        resource=resource, metric_readers=[reader(metric_exporter(endpoint=f"{endpoint}/v1/metrics"))]
    )
    trace.set_tracer_provider(tracing)
    metrics.set_meter_provider(measuring)
    return tracing, measuring
