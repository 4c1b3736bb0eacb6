"""From our errors to Temporal's: the stable code is the type, and only what can help is retried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from releasepilot.errors import ReleasePilotError, StackError, StepNotReady

#: An error message travels in the history; a command's output may be megabytes.
_LONGEST = 4000


@contextmanager
def failures_explained() -> Iterator[None]:
    """Turn a ReleasePilotError into an ApplicationError with message, code and hint."""
    try:
        yield
    except ReleasePilotError as error:
        after = timedelta(seconds=max(error.after, 0.05)) if isinstance(error, StepNotReady) else None
        raise ApplicationError(
            str(error)[:_LONGEST],
            error.hint[:_LONGEST],
            type=error.code,
            # A database that is away comes back; a workflow outlives it.
            non_retryable=not (error.retryable or isinstance(error, StackError)),
            next_retry_delay=after,
            # Foreseen: without this each attempt logs a traceback.
            category=ApplicationErrorCategory.BENIGN,
        ) from error
