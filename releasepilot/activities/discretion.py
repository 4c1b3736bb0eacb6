"""What a call has looked up leaves it in no form: not in its error, not in what it returns, not in its heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, Interceptor

from releasepilot.errors import ReleasePilotError, StepError, StepRefused
from releasepilot.plugins.secrets.keeper import OpenSecrets, Secrets

_GivenT = TypeVar("_GivenT", bound=BaseModel)


@contextmanager
def discretion(secrets: Secrets) -> Iterator[OpenSecrets]:
    """Let one call look secrets up, and take them out of the error with which it fails.

    Nothing changes about the error of a call that has looked nothing up.
    """
    with secrets.opened() as opened:
        try:
            yield opened
        except GeneratorExit:
            raise
        except BaseException as error:
            if not opened.knows:
                raise
            _raise_hidden(error, opened)


def without_secrets(value: _GivenT, secrets: OpenSecrets) -> _GivenT:
    """Return a value of texts, such as a receipt, with what was looked up taken out of them."""
    if not secrets.knows:
        return value
    kept = value.model_dump(exclude_unset=True)
    return type(value).model_validate(_hidden(kept, secrets.hide))


def _raise_hidden(error: BaseException, secrets: OpenSecrets) -> NoReturn:
    """Raise the error anew, without its causes: each of them has a text of its own, and some have the request."""
    told: BaseException
    if isinstance(error, asyncio.CancelledError):
        error.args = tuple(_hidden(list(error.args), secrets.hide))
        error.__notes__ = []
        told = error
    elif isinstance(error, ReleasePilotError):
        told = _hide_in(error, secrets.hide)
    elif isinstance(error, ApplicationError):
        told = ApplicationError(
            secrets.hide(error.message),
            *_hidden(list(error.details), secrets.hide),
            type=error.type,
            non_retryable=error.non_retryable,
            next_retry_delay=error.next_retry_delay,
            category=error.category,
        )
    else:
        # As Temporal would have told it: by its kind, to be tried again.
        told = ApplicationError(secrets.hide(str(error)), type=type(error).__name__)
    raise told.with_traceback(error.__traceback__) from None


def _hide_in(error: ReleasePilotError, hide: Callable[[str], str]) -> ReleasePilotError:
    """Return the error with nothing hidden left in it, as itself where it says only what all of its kind say."""
    error.message, error.hint, error.component = hide(error.message), hide(error.hint), hide(error.component)
    error.args = (error.message,)
    error.__notes__ = []
    said = str(error)
    if hide(said) == said:
        return error
    kind = StepError if error.retryable else StepRefused
    return kind(hide(said), hint=error.hint)


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    """Hide in every text of a value that is made of lists and objects."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, bytes):
        return hide(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {_hidden(key, hide): _hidden(one, hide) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(one, hide) for one in value]
    return value


class DiscreetHeartbeats(Interceptor):
    """Hides in the heartbeats of a worker what its open calls have looked up, also where a plugin sends them itself."""

    def __init__(self, secrets: Secrets) -> None:
        """Hide what these hide."""
        self._secrets = secrets

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Stand between an activity and Temporal."""
        return _Inbound(next, self._secrets)


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, secrets: Secrets) -> None:
        super().__init__(following)
        self._secrets = secrets

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, self._secrets))


class _Outbound(ActivityOutboundInterceptor):
    def __init__(self, following: ActivityOutboundInterceptor, secrets: Secrets) -> None:
        super().__init__(following)
        self._secrets = secrets

    def heartbeat(self, *details: Any) -> None:
        super().heartbeat(*_hidden(list(details), self._secrets.hide))
