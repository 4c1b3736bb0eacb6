"""What a failed activity means to a workflow: a cancellation, or a step that failed, in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as TemporalTimeout

with workflow.unsafe.imports_passed_through():
    from releasepilot.workflows.engine import StepFailed
    from releasepilot.workflows.payloads import unreadable


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Raise StepFailed for an activity that failed for good, and CancelledError for one that was cancelled."""
    try:
        yield
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from error
        raise _in_words(error) from error


def _in_words(error: ActivityError) -> StepFailed:
    """Put an activity's failure into words, with its stable code."""
    cause = error.cause
    if missing := unreadable(cause):
        return StepFailed(missing.message, missing.code, missing.hint)
    if isinstance(cause, ApplicationError):
        # The remedy is the one detail that our own errors carry.
        hint = cause.details[0] if cause.type and cause.details else ""
        return StepFailed(cause.message, cause.type or "", hint if isinstance(hint, str) else "")
    if isinstance(cause, TemporalTimeout):
        return StepFailed("it did not answer in time, or its worker was lost, as often as it may be tried", "RP400")
    return StepFailed(str(cause or error), "RP400")
