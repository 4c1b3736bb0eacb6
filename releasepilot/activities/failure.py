"""From our errors to Temporal's: the stable code is the type, and only what can help is retried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from releasepilot.errors import ReleasePilotError, StackError, StepNotReady
from releasepilot.model.value import bounded

#: Bytes of an error message. It travels in the history, and a thousand steps may have one each.
_LONGEST = 1500


@contextmanager
def failures_explained(*, final: bool = True) -> Iterator[None]:
    """Turn a ReleasePilotError into an ApplicationError with message, code and hint.

    With `final` an error that cannot get better ends the retries; without it nothing does.
    """
    try:
        yield
    except ReleasePilotError as error:
        after = timedelta(seconds=max(error.after, 0.05)) if isinstance(error, StepNotReady) else None
        raise ApplicationError(
            bounded(str(error), _LONGEST),
            bounded(error.hint, _LONGEST),
            type=error.code,
            # A database that is away comes back; a workflow outlives it.
            non_retryable=final and not (error.retryable or isinstance(error, StackError)),
            next_retry_delay=after,
            # Foreseen: without this each attempt logs a traceback.
            category=ApplicationErrorCategory.BENIGN,
            # Its causes would travel along, in full and once more.
        ) from None
