"""Word is believed by name, once, by any of its secrets; a secret that is none is said at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from releasepilot.errors import StackError
from releasepilot.plugins.changes.webhook import TOLERANCE, signature_of
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.server.hooks import Hooks

BEGIN = datetime(2026, 11, 25, 12, tzinfo=UTC)
BODY = b'{"correlation_id": "payments-0123456789/ledger"}'
NEW, OLD, OTHER = "n" * 32, "o" * 32, "x" * 32


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.moment = BEGIN

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def hooks(tmp_path: Path, clock: Clock) -> Hooks:
    """Give the hooks of two systems, one of them with two secrets."""
    for name, secret in (("new", NEW), ("old", OLD), ("other", OTHER)):
        (tmp_path / name).write_text(f"{secret}\n")
    references = {"servicenow": (f"file:{tmp_path}/new", f"file:{tmp_path}/old"), "jira": (f"file:{tmp_path}/other",)}
    return Hooks(references, Secrets(), clock)


def signed(secret: str, at: datetime = BEGIN) -> str:
    """Sign the body."""
    return signature_of(BODY, secret.encode(), int(at.timestamp()))


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_any_of_the_secrets_will_do(hooks: Hooks, secret: str) -> None:
    """While a secret is changed, both sign."""
    assert await hooks.believed("servicenow", BODY, signed(secret))


async def test_a_secret_is_one_of_its_own_system(hooks: Hooks) -> None:
    """Who may speak for Jira may not speak for ServiceNow."""
    assert not await hooks.believed("servicenow", BODY, signed(OTHER))
    assert await hooks.believed("jira", BODY, signed(OTHER))


async def test_nothing_is_believed_twice(hooks: Hooks, clock: Clock) -> None:
    """Not as long as its moment could still be taken for now, under any name."""
    early = signed(NEW, BEGIN + TOLERANCE)
    assert await hooks.believed("servicenow", BODY, early)
    for passed in (0, 1, 2):
        clock.moment = BEGIN + passed * TOLERANCE
        assert not await hooks.believed("servicenow", BODY, early)


async def test_memory_is_given_back(hooks: Hooks, clock: Clock) -> None:
    """What can no longer be believed is not remembered either."""
    assert await hooks.believed("servicenow", BODY, signed(NEW))
    clock.moment = BEGIN + 2 * TOLERANCE + timedelta(seconds=1)
    assert not await hooks.believed("servicenow", BODY, signed(NEW))
    assert not hooks._known


async def test_memory_that_is_full_believes_nobody(hooks: Hooks, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than forget what was believed, so that a replay never gets through."""
    monkeypatch.setattr("releasepilot.server.hooks._REMEMBERED", 2)
    for second in range(2):
        assert await hooks.believed("servicenow", BODY, signed(NEW, BEGIN + timedelta(seconds=second)))
    assert not await hooks.believed("servicenow", BODY, signed(NEW, BEGIN + timedelta(seconds=5)))
    assert not await hooks.believed("servicenow", BODY, signed(NEW))


async def test_what_came_to_nothing_may_come_again(hooks: Hooks) -> None:
    """A sender that is told to come back comes with the same word."""
    delivery = await hooks.believed("servicenow", BODY, signed(NEW))
    hooks.forget(delivery)
    assert await hooks.believed("servicenow", BODY, signed(NEW)) == delivery


async def test_a_secret_is_read_when_word_comes(hooks: Hooks, tmp_path: Path) -> None:
    """A file that is replaced counts at once, and one that is gone believes nobody."""
    (tmp_path / "new").write_text("z" * 32)
    assert not await hooks.believed("servicenow", BODY, signed(NEW))
    assert await hooks.believed("servicenow", BODY, signed("z" * 32))
    (tmp_path / "other").unlink()
    assert not await hooks.believed("jira", BODY, signed(OTHER))
    assert not await hooks.believed("jira", BODY, signed(""))


@pytest.mark.parametrize("content", ["", "short"])
async def test_a_secret_that_is_none_is_said_at_once(tmp_path: Path, content: str) -> None:
    """With the place and the remedy, and not with what stands there."""
    (tmp_path / "secret").write_text(content)
    with pytest.raises(StackError, match="webhook 'jira'") as raised:
        await Hooks({"jira": (f"file:{tmp_path}/secret",)}, Secrets()).check()
    assert raised.value.hint
    assert "short " not in raised.value.message.replace("shorter", "")
