"""Reach Temporal and the database: those that are configured, or the embedded ones, started where they do not run."""

from __future__ import annotations

import sys

import click
from opentelemetry import trace

from releasepilot.cli.render.progress import waiting
from releasepilot.control import Servers
from releasepilot.settings import Settings
from releasepilot.telemetry import set_up
from releasepilot.workers.local import ensure_stack


def reach(settings: Settings, *, quiet: bool = False, service: str = "releasepilot") -> Servers:
    """Return where the servers are; StackError where the embedded ones cannot be started.

    Where a collector is configured, the command is traced from here on, under the name of `service`. It blocks
    outside of any event loop, so that Ctrl-C ends the waiting at once.
    """
    told = set_up(settings, service)
    context = click.get_current_context()
    context.call_on_close(told.close)
    if told.enabled:
        context.with_resource(trace.get_tracer("releasepilot").start_as_current_span(context.command_path))
    with waiting(sys.stderr, "starting the servers", quiet=quiet) as tell:
        endpoints = ensure_stack(settings, progress=tell)
    return Servers(
        temporal_address=endpoints.temporal_address,
        temporal_namespace=settings.temporal_namespace,
        temporal_profile=settings.temporal_profile,
        temporal_environ=settings.temporal_environ,
        database_url=endpoints.database_url,
        actor=settings.actor,
        plugins=told.plugins(),
    )
