"""What a call has looked up is in no error with which it fails, of whatever kind, and in nothing that it returns."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest
from temporalio.exceptions import ApplicationError

from releasepilot.activities.discretion import discretion, without_secrets
from releasepilot.errors import ReleasePilotError, StepConflict, StepError, StepNotReady, StepRefused
from releasepilot.model.receipt import Receipt
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.telemetry import set_up_logging

SECRET = "hunter2-of-the-registry"  # noqa: S105 - it opens nothing


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", SECRET)


async def told(error: BaseException) -> BaseException:
    """Return what is raised where a call that has looked the secret up fails so."""
    try:
        with discretion(Secrets()) as secrets:
            await secrets.read("env:TEST_SECRET")
            try:
                int(SECRET)
            except ValueError as cause:
                raise error from cause
    except BaseException as raised:  # noqa: BLE001 - whatever it is
        return raised


class Talkative(StepConflict):
    """Says more than its message."""

    def __str__(self) -> str:
        return f"{self.message} and {SECRET}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StepError(f"no {SECRET}", hint=SECRET), StepError),
        (StepRefused(f"no {SECRET}", component=SECRET), StepRefused),
        (StepNotReady(f"no {SECRET}", after=7), StepNotReady),
        (Talkative("no"), StepRefused),
        (ApplicationError(f"no {SECRET}", {"a": [SECRET]}, type="Boom", non_retryable=True), ApplicationError),
        (OSError(2, SECRET), ApplicationError),
        (KeyError(SECRET), ApplicationError),
        (ExceptionGroup(SECRET, [ValueError(SECRET)]), ApplicationError),
        (SystemExit(SECRET), ApplicationError),
        (asyncio.CancelledError(SECRET), asyncio.CancelledError),
    ],
)
async def test_no_error_holds_it(error: BaseException, kind: type[BaseException]) -> None:
    """Neither do its causes and notes, nor its traceback. What it means to the engine stays."""
    error.add_note(SECRET)
    raised = await told(error)
    assert type(raised) is kind
    shown = "".join(traceback.format_exception(raised)) + repr(raised) + repr(getattr(raised, "details", ""))
    assert SECRET not in shown
    assert "***" in shown
    assert raised.__cause__ is None
    if isinstance(error, ReleasePilotError) and isinstance(raised, ReleasePilotError):
        assert raised.retryable == error.retryable
        assert SECRET not in raised.hint
    if isinstance(error, StepNotReady):
        assert error.after == 7
    if isinstance(error, ApplicationError) and isinstance(raised, ApplicationError):
        assert (raised.type, raised.non_retryable) == ("Boom", True)


async def test_an_error_of_a_call_without_secrets_is_itself() -> None:
    """With its causes and its traceback."""
    error = ValueError("as it is")
    with pytest.raises(ValueError, match="as it is") as caught, discretion(Secrets()):
        raise error
    assert caught.value is error


async def test_what_is_returned_holds_none() -> None:
    """Nobody who set no field finds one set: histories are as short as before."""
    receipt = Receipt(step="a/b", effect_key="t/a/b", found=f"with {SECRET}", notes={SECRET: SECRET, "n": "1"})
    with discretion(Secrets()) as secrets:
        assert without_secrets(receipt, secrets) is receipt
        await secrets.read("env:TEST_SECRET")
        left = without_secrets(receipt, secrets)
    assert (left.found, left.notes) == ("with ***", {"***": "***", "n": "1"})
    assert left.model_fields_set == receipt.model_fields_set


async def test_lines_of_a_log_hold_none_while_a_call_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    """Of any logger, as argument, in a traceback, in JSON: and of a call beside it, too."""
    secrets, root = Secrets(), logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        for style in ("plain", "json"):
            set_up_logging(style, "INFO", secrets.hide)  # type: ignore[arg-type]
            with discretion(secrets) as opened:
                await opened.read("env:TEST_SECRET")
                logging.getLogger("a.library").warning("it is %s", SECRET)
                logging.getLogger("releasepilot").info("it is %r", {"token": SECRET})
                try:
                    int(SECRET)
                except ValueError:
                    logging.getLogger("releasepilot").exception("it failed")
            said = capsys.readouterr().err
            assert said.count("***") >= 3
            assert SECRET not in said
            assert "ValueError" in said
    finally:
        root.handlers[:] = before
        root.setLevel(level)
