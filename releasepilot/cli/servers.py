"""Reach Temporal and the database: those that are configured, or the embedded ones, started where they do not run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import replace

import click
from opentelemetry import trace

from releasepilot.cli.render.progress import waiting
from releasepilot.control import Servers
from releasepilot.settings import Settings
from releasepilot.telemetry import set_up
from releasepilot.workers.folder import Standing, StateFolder
from releasepilot.workers.local import ensure_stack, stack_status
from releasepilot.workers.payload_keys import payload_keys

#: The service of every command but the worker.
_COMMAND = "releasepilot"


def reach(
    settings: Settings, *, quiet: bool = False, service: str = _COMMAND, hide: Callable[[str], str] | None = None
) -> Servers:
    """Return where the servers are; StackError where the embedded ones cannot be started.

    Where a collector is configured, the command is traced from here on, under the name of `service`. It blocks
    outside of any event loop, so that Ctrl-C ends the waiting at once. `hide` takes out of a line of the log what may
    not stand there.
    """
    told = set_up(settings, service, hide)
    if service == _COMMAND:
        # A command says itself that the database is away; the pool would add a line for each attempt.
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
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
        payload_keys=payload_keys(settings),
    )


def return_to(settings: Settings, servers: Servers) -> Servers:
    """Return where the servers are now, after they went away; StackError where the embedded ones cannot be started."""
    endpoints = ensure_stack(settings)
    return replace(servers, temporal_address=endpoints.temporal_address, database_url=endpoints.database_url)


def were_stopped(settings: Settings) -> bool:
    """Whether somebody ended the embedded servers in order, so that a command must not start them again."""
    if not settings.embedded:
        return False
    if (state := stack_status(settings)) is not None:
        return state.standing is Standing.STOPPING
    # A supervisor that ends in order takes its file along; one that was killed leaves it.
    return StateFolder(settings.state_dir).read() is None
