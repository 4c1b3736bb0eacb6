"""Word is believed by name, once, by any of its secrets; a secret that is none is said at once."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from releasepilot.errors import StackError
from releasepilot.plugins.changes.webhook import TOLERANCE, signature_of
from releasepilot.plugins.secrets.config import SecretsConfig, VaultAuth, VaultLogin
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.server.hooks import Delivery, Hooks

BEGIN = datetime(2026, 11, 25, 12, tzinfo=UTC)
BODY = b'{"correlation_id": "payments-0123456789/ledger"}'
ONE = timedelta(seconds=1)
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


async def test_nothing_is_taken_twice(hooks: Hooks, clock: Clock) -> None:
    """What has arrived is known again, as long as its moment could still be taken for now, and then not believed."""
    early = signed(NEW, BEGIN + TOLERANCE)
    first = await hooks.believed("servicenow", BODY, early)
    assert first
    assert not first.again
    hooks.arrived(first)
    for passed in (0, 1, 2):
        clock.moment = BEGIN + passed * TOLERANCE
        known = await hooks.believed("servicenow", BODY, early)
        assert known
        assert (known.id, known.again) == (first.id, True)
    clock.moment += timedelta(seconds=1)
    assert not await hooks.believed("servicenow", BODY, early)


async def test_what_is_being_taken_is_not_said_to_have_arrived(hooks: Hooks) -> None:
    """It may still come to nothing, and then its sender would never send it again."""
    first = await hooks.believed("servicenow", BODY, signed(NEW))
    assert first
    with pytest.raises(StackError, match="being taken") as raised:
        await hooks.believed("servicenow", BODY, signed(NEW))
    assert "again" in raised.value.hint
    hooks.arrived(first)
    known = await hooks.believed("servicenow", BODY, signed(NEW))
    assert known
    assert known.again


async def test_of_equal_words_at_one_time_one_is_taken(hooks: Hooks) -> None:
    """Secrets are read before, which takes a while, so many are on their way at once."""
    sent = (hooks.believed("servicenow", BODY, signed(NEW)) for _ in range(20))
    found = await asyncio.gather(*sent, return_exceptions=True)
    assert sum(isinstance(one, Delivery) for one in found) == 1
    assert sum(isinstance(one, StackError) for one in found) == 19


async def test_word_of_one_system_is_not_that_of_another(tmp_path: Path, clock: Clock) -> None:
    """Also where both have one secret: who heard it of the one has not heard it of the other."""
    (tmp_path / "shared").write_text(NEW)
    references = dict.fromkeys(("servicenow", "jira"), (f"file:{tmp_path}/shared",))
    hooks = Hooks(references, Secrets(), clock)
    first = await hooks.believed("servicenow", BODY, signed(NEW))
    assert first
    assert not await hooks.believed("jira", BODY, signed(NEW))
    hooks.arrived(first)
    assert not await hooks.believed("jira", BODY, signed(NEW))


async def test_memory_is_given_back(hooks: Hooks, clock: Clock) -> None:
    """What can no longer be believed is not remembered either."""
    assert await hooks.believed("servicenow", BODY, signed(NEW))
    clock.moment = BEGIN + 2 * TOLERANCE + timedelta(seconds=1)
    assert not await hooks.believed("servicenow", BODY, signed(NEW))
    assert await hooks.believed("servicenow", BODY, signed(NEW, clock.moment))
    assert len(hooks._known) == 1


async def test_memory_that_is_full_believes_nothing_new(
    hooks: Hooks, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than forget what was believed, so that a replay never gets through; its sender may come again."""
    monkeypatch.setattr("releasepilot.server.hooks._REMEMBERED", 2)
    for second in range(2):
        taken = await hooks.believed("servicenow", BODY, signed(NEW, BEGIN + timedelta(seconds=second)))
        assert taken
        hooks.arrived(taken)
    with pytest.raises(StackError, match="too much word"):
        await hooks.believed("servicenow", BODY, signed(NEW, BEGIN + timedelta(seconds=5)))
    assert not await hooks.believed("servicenow", BODY, signed(OTHER, BEGIN + timedelta(seconds=5)))
    known = await hooks.believed("servicenow", BODY, signed(NEW))
    assert known
    assert known.again


async def test_what_came_to_nothing_may_come_again(hooks: Hooks) -> None:
    """A sender that is told to come back comes with the same word."""
    delivery = await hooks.believed("servicenow", BODY, signed(NEW))
    assert delivery
    hooks.forget(delivery)
    assert await hooks.believed("servicenow", BODY, signed(NEW)) == delivery


async def test_a_secret_is_read_when_word_comes(hooks: Hooks, tmp_path: Path) -> None:
    """A file that is replaced counts at once."""
    (tmp_path / "new").write_text("z" * 32)
    assert not await hooks.believed("servicenow", BODY, signed(NEW))
    assert await hooks.believed("servicenow", BODY, signed("z" * 32))


@pytest.mark.parametrize("content", [None, "", "short"])
async def test_a_secret_that_has_gone_is_not_the_sender_s_fault(
    hooks: Hooks, tmp_path: Path, content: str | None
) -> None:
    """Word that may have been signed with it can come again; who says nothing of the sort is refused without a read."""
    (tmp_path / "other").unlink()
    if content is not None:
        (tmp_path / "other").write_text(content)
    for signature in (signed(OTHER), signed("")):
        with pytest.raises(StackError, match="cannot be told") as raised:
            await hooks.believed("jira", BODY, signature)
        assert "again" in raised.value.hint
        assert str(tmp_path) not in raised.value.message + raised.value.hint
        assert isinstance(raised.value.__cause__, StackError)
        assert "'jira'" in raised.value.__cause__.message
    late, early = signed(OTHER, BEGIN - TOLERANCE - ONE), signed(OTHER, BEGIN + TOLERANCE + ONE)
    for signature in ("", "sha256=" + "0" * 64, signed(OTHER).upper(), signed(OTHER) + ",", late, early):
        assert await hooks.believed("jira", BODY, signature) is None


async def test_of_several_secrets_one_that_is_there_will_do(hooks: Hooks, tmp_path: Path) -> None:
    """Word is believed by that one, and else waits for the other."""
    (tmp_path / "new").unlink()
    assert await hooks.believed("servicenow", BODY, signed(OLD))
    with pytest.raises(StackError, match="cannot be told"):
        await hooks.believed("servicenow", BODY, signed(NEW))


async def test_a_server_of_secrets_that_is_away_is_not_the_sender_s_fault(clock: Clock, tmp_path: Path) -> None:
    """Word waits for it, and word that nobody would believe does not ask it."""
    (tmp_path / "token").write_text("a-token")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    login = VaultLogin(
        address=f"http://127.0.0.1:{port}", auth=VaultAuth.TOKEN, credential=f"file:{tmp_path}/token", role="", mount=""
    )
    hooks = Hooks({"jira": ("vault:kv/hooks#word",)}, Secrets(SecretsConfig(vault=login)), clock)
    with pytest.raises(StackError, match="cannot be told") as raised:
        await hooks.believed("jira", BODY, signed(NEW))
    assert "does not answer" in str(raised.value.__cause__)
    assert await hooks.believed("jira", BODY, signed(NEW, BEGIN - TOLERANCE - ONE)) is None


@pytest.mark.parametrize("content", ["", "short"])
async def test_a_secret_that_is_none_is_said_at_once(tmp_path: Path, content: str) -> None:
    """With the place and the remedy, and not with what stands there."""
    (tmp_path / "secret").write_text(content)
    with pytest.raises(StackError, match="webhook 'jira'") as raised:
        await Hooks({"jira": (f"file:{tmp_path}/secret",)}, Secrets()).check()
    assert raised.value.hint
    assert "short " not in raised.value.message.replace("shorter", "")
