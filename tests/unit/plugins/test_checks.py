"""`http`, `wait` and `verify`: what they ask, how patient they are, and what they refuse."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue, ValidationError
from support.answers import Answers, running_answers
from support.calls import a_call, a_release, an_edit
from support.remotes import make_remote

from releasepilot.errors import StepError, StepNotReady, StepRefused
from releasepilot.model.catalog import Hooks
from releasepilot.model.plan import Release
from releasepilot.model.receipt import Presence
from releasepilot.plugins.builtin.git import GitStage
from releasepilot.plugins.builtin.http import Http, HttpConfig
from releasepilot.plugins.builtin.verify import Verify, VerifyConfig
from releasepilot.plugins.builtin.wait import Wait, WaitConfig
from releasepilot.plugins.spec import Tools


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Give a running server."""
    with running_answers() as running:
        yield running


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Release a small component."""
    remote = make_remote(tmp_path / "api.git", files={"VERSION": "1.0.0\n"})
    return a_release(remote, edits=(an_edit(remote, "VERSION", "1.0.0", "1.1.0"),))


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Work in a fresh cache."""
    return Tools(cache=tmp_path / "cache", git_timeout=20)


async def test_a_check_waits_until_a_service_is_healthy(answers: Answers, release: Release, tools: Tools) -> None:
    """It asks again after each interval, and tells the engine that it lives."""
    answers.say(503)
    answers.then(200, "v1.0.0")
    answers.then(200, "v1.1.0")
    config: dict[str, JsonValue] = {"url": f"{answers.url}/health", "contains": "v{version}", "within": 20}
    await Http(tools).apply(a_call(Http, release, config))
    assert answers.asked == ["/health"] * 3


async def test_a_check_gives_up_in_time(answers: Answers, release: Release, tools: Tools) -> None:
    """The error says what the last answer was, and can be tried again."""
    answers.say(503)
    with pytest.raises(
        StepError, match="not healthy within 3 seconds: it answered 503 instead of 200 or 204"
    ) as caught:
        await Http(tools).apply(a_call(Http, release, {"url": answers.url, "within": 3, "expect": [200, 204]}))
    assert caught.value.retryable


async def test_health_must_hold_without_a_gap(answers: Answers, release: Release, tools: Tools) -> None:
    """A service that falls over once starts its time anew."""
    answers.say(200)
    answers.then(500)
    answers.then(200)
    call = a_call(Http, release, {"url": answers.url, "for": "1s", "within": 20})
    began = time.monotonic()
    await Http(tools).apply(call)
    assert time.monotonic() - began >= 2.9
    assert (await Http(tools).observe(call)).presence is Presence.PRESENT


async def test_a_placeholder_cannot_leave_its_place_in_an_address(
    answers: Answers, release: Release, tools: Tools
) -> None:
    """Values are percent-encoded."""
    odd = release.model_copy(update={"to_version": "1.0/../@evil?x#y"})
    await Http(tools).apply(a_call(Http, odd, {"url": f"{answers.url}/v/{{version}}/ok"}))
    assert answers.asked == ["/v/1.0%2F..%2F%40evil%3Fx%23y/ok"]


async def test_a_redirect_within_the_scheme_is_followed(answers: Answers, release: Release, tools: Tools) -> None:
    """Services behind a proxy redirect; one that leads to another scheme is an answer like any other."""
    answers.say(302, Location="/there")
    answers.then(200)
    http = Http(tools)
    assert (await http.observe(a_call(Http, release, {"url": answers.url}))).presence is Presence.PRESENT
    answers.say(302, Location="https://127.0.0.1:1/")
    seen = await http.observe(a_call(Http, release, {"url": answers.url}))
    assert (seen.presence, seen.detail) == (Presence.ABSENT, "it answered 302 instead of 200")
    assert (await http.observe(a_call(Http, release, {"url": answers.url, "expect": 302}))).presence is Presence.PRESENT
    answers.say(302, Location="/again")
    assert "redirected" in (await http.observe(a_call(Http, release, {"url": answers.url}))).detail


async def test_nobody_at_home_is_not_healthy(release: Release, tools: Tools) -> None:
    """A refused connection is an absent effect, not a crash."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    seen = await Http(tools).observe(a_call(Http, release, {"url": f"http://127.0.0.1:{port}"}))
    assert seen.presence is Presence.ABSENT
    assert "no answer" in seen.detail


@pytest.mark.parametrize("url", ["file:///etc/passwd", "example.org", "http://", "gopher://x/", ""])
def test_only_web_addresses_are_asked(url: str) -> None:
    """A health check cannot be turned against files."""
    with pytest.raises(ValidationError):
        HttpConfig.model_validate({"url": url})


async def test_a_wait_that_is_not_over_says_how_long(release: Release, tools: Tools) -> None:
    """The engine is told when to call again, so no worker sleeps."""
    call = a_call(Wait, release, {"for": "1h"}, scheduled_at=datetime.now(UTC) - timedelta(minutes=20))
    with pytest.raises(StepNotReady) as caught:
        await Wait(tools).apply(call)
    assert 2390 <= caught.value.after <= 2400
    assert (await Wait(tools).observe(call)).presence is Presence.ABSENT


def test_a_wait_has_a_limit() -> None:
    """Thirty days is the longest soak."""
    with pytest.raises(ValidationError):
        WaitConfig.model_validate({"for": "31d"})


async def test_verify_runs_in_the_tree_of_the_release(release: Release, tools: Tools, tmp_path: Path) -> None:
    """The command sees the new version and no repository; the facts are in its environment."""
    built = await GitStage(tools).apply(a_call(GitStage, release))
    script = f'test ! -e .git && cat VERSION > {tmp_path}/seen && echo "$RELEASEPILOT_TAG" >> {tmp_path}/seen'
    notes = await Verify(tools).apply(a_call(Verify, release, {"command": script, "shell": True}))
    assert (tmp_path / "seen").read_text() == "1.1.0\nv1.1.0\n"
    assert notes == {"commit": built["commit"]}


async def test_a_failing_verification_is_final(release: Release, tools: Tools) -> None:
    """The same commit fails again, so it is not tried again; the end of the output is told."""
    await GitStage(tools).apply(a_call(GitStage, release))
    call = a_call(Verify, release, {"command": "echo 2 tests failed >&2; exit 1", "shell": True})
    with pytest.raises(StepRefused, match=r"verification of \w{10} ended with status 1: 2 tests failed"):
        await Verify(tools).apply(call)
    assert (await Verify(tools).observe(call)).presence is Presence.ABSENT


async def test_nothing_staged_means_nothing_to_verify(release: Release, tools: Tools) -> None:
    """A verification without a staged commit says which step is missing."""
    with pytest.raises(StepError, match="holds no staged release") as caught:
        await Verify(tools).apply(a_call(Verify, release, {"command": "true"}))
    assert "git.stage" in caught.value.hint


async def test_a_component_of_a_monorepo_is_verified_in_its_folder(tmp_path: Path, tools: Tools) -> None:
    """The command starts where the component lives; the whole tree is named in the environment."""
    remote = make_remote(tmp_path / "mono.git", files={"api/VERSION": "1.0.0\n", "shared.txt": "s"})
    edits = (an_edit(remote, "api/VERSION", "1.0.0", "1.1.0"),)
    release = a_release(remote, edits=edits).model_copy(update={"path": "api"})
    await GitStage(tools).apply(a_call(GitStage, release))
    script = 'test -e VERSION && test -e "$RELEASEPILOT_TREE/shared.txt"'
    await Verify(tools).apply(a_call(Verify, release, {"command": script, "shell": True}))


@pytest.mark.parametrize(
    "config", [{}, {"command": ""}, {"command": ["a", "b"], "shell": True}, {"command": "x", "y": 1}]
)
def test_a_verification_that_cannot_work_is_refused(config: dict[str, JsonValue]) -> None:
    """A catalog's author hears of it before a train starts."""
    with pytest.raises(ValidationError):
        VerifyConfig.model_validate(config)


def test_a_hooks_script_keeps_its_quotes() -> None:
    """What a catalog writes for a shell reaches the shell in one piece; several words are refused."""
    hooks = Hooks.model_validate({"verify": "cd 'a  b' && make", "shell": True})
    assert hooks.verify == ("cd 'a  b' && make",)
    assert Hooks.model_validate(hooks.model_dump()) == hooks
    with pytest.raises(ValidationError, match="one text"):
        Hooks.model_validate({"verify": ["make", "all"], "shell": True})
