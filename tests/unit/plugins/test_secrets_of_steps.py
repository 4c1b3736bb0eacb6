"""`exec` and `http` take secrets by reference: for one call, to one server, and out of everything that they say."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue, ValidationError
from support.answers import Answers, running_answers
from support.calls import a_call, a_release
from support.remotes import make_remote

from releasepilot.errors import SecretRefused, SecretUnreachable, StepConflict, StepError
from releasepilot.model.plan import Release
from releasepilot.model.receipt import Presence
from releasepilot.plugins.builtin.exec import Exec, ExecConfig
from releasepilot.plugins.builtin.http import Http, HttpConfig
from releasepilot.plugins.process import TAIL
from releasepilot.plugins.secrets.config import SecretsConfig, VaultLogin
from releasepilot.plugins.secrets.keeper import OpenSecrets, Secrets
from releasepilot.plugins.spec import Call, Tools
from releasepilot.workers.ports import free_port

SECRET = "hunter2-of-the-registry"  # noqa: S105 - it opens nothing


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", SECRET)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Release a small component."""
    return a_release(make_remote(tmp_path / "api.git"))


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Give a running server."""
    with running_answers() as running:
        yield running


def command(release: Release, script: str, **more: JsonValue) -> Call[Any]:
    """Call a script that has the secret as TOKEN."""
    config = {"shell": True, "tree": False, "apply": script, "secret_env": {"TOKEN": "env:TEST_SECRET"}, **more}
    return a_call(Exec, release, config)


@pytest.fixture
def actuator(tmp_path: Path) -> Exec:
    """Run commands."""
    return Exec(Tools(cache=tmp_path / "cache"))


async def test_a_command_gets_the_secret(actuator: Exec, release: Release, tmp_path: Path) -> None:
    """In its environment, as it stands there now."""
    await actuator.apply(command(release, f'printf %s "$TOKEN" > {tmp_path}/got'))
    assert (tmp_path / "got").read_text() == SECRET


async def test_what_a_command_prints_of_it_is_hidden(actuator: Exec, release: Release) -> None:
    """In an error, in what was found, in a conflict: also in base64."""
    with pytest.raises(StepError) as caught:
        await actuator.apply(command(release, 'echo "$TOKEN"; printf "bot:$TOKEN" | base64; exit 1'))
    assert "***" in str(caught.value)
    assert SECRET[:8] not in "".join(traceback.format_exception(caught.value))
    seen = await actuator.observe(command(release, "true", observe='echo "it is $TOKEN"'))
    assert seen.found == "it is ***"
    seen = await actuator.observe(command(release, "true", observe='echo "not $TOKEN"; exit 3'))
    assert (seen.presence, seen.detail) == (Presence.CONFLICT, "not ***")


@pytest.mark.parametrize("odd", range(0, len(SECRET), 5))
async def test_megabytes_of_it_are_hidden(actuator: Exec, release: Release, odd: int) -> None:
    """Wherever in the secret the end of the output begins, and the output ends."""
    script = f'yes "$TOKEN" | tr -d "\\n" | head -c {5_000_000 + odd}; exit 1'
    with pytest.raises(StepError) as caught:
        await actuator.apply(command(release, script))
    assert len(str(caught.value)) < TAIL
    assert not any(SECRET[at : at + 6] in str(caught.value) for at in range(len(SECRET) - 6))


async def test_a_secret_that_is_not_to_be_had_starts_nothing(actuator: Exec, release: Release, tmp_path: Path) -> None:
    """The command was not begun, so nobody has to fear its effect. A server that is down is asked again."""
    for reference, kind in (("env:TEST_NONE", SecretRefused), ("vault:kv/npm#token", SecretUnreachable)):
        call = command(release, f"touch {tmp_path}/ran", secret_env={"TOKEN": reference})
        vault = VaultLogin(address=f"http://127.0.0.1:{free_port()}", credential="env:TEST_SECRET")
        asking = Call(**{**vars(call), "secrets": OpenSecrets(Secrets(SecretsConfig(vault=vault)))})
        with pytest.raises(kind, match=reference):
            await actuator.apply(asking)
        assert not (await actuator.observe(asking)).uncertain
    assert not (tmp_path / "ran").exists()


async def test_another_secret_is_the_same_effect(
    actuator: Exec, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that was renewed in the middle of a train is no other command; another reference is one."""
    await actuator.apply(command(release, "true"))
    monkeypatch.setenv("TEST_SECRET", "hunter3-of-the-registry")
    assert (await actuator.observe(command(release, "true"))).presence is Presence.PRESENT
    with pytest.raises(StepConflict):
        await actuator.apply(command(release, "true", secret_env={"TOKEN": "env:TEST_OTHER"}))


def test_a_command_without_secrets_is_what_it_was() -> None:
    """Markers that were written before there were any still mean the same command."""
    assert ExecConfig(apply=("true",)).model_dump_json() == (
        '{"apply":["true"],"observe":null,"revert":null,"shell":false,"tree":true,"env":{}}'
    )
    assert "token" not in HttpConfig(url="http://a.example.org/").model_dump_json()


async def test_a_service_gets_token_and_headers(answers: Answers, release: Release, tmp_path: Path) -> None:
    """Each as the secret that its reference names."""
    config: dict[str, JsonValue] = {
        "url": answers.url,
        "token": "env:TEST_SECRET",
        "secret_headers": {"X-Api-Key": "env:TEST_SECRET"},
    }
    await Http(Tools(cache=tmp_path)).apply(a_call(Http, release, config))
    assert answers.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert answers.headers[0]["X-Api-Key"] == SECRET


async def test_a_redirect_takes_no_secret_elsewhere(answers: Answers, release: Release, tmp_path: Path) -> None:
    """It is followed on the same server alone; without secrets it is followed."""
    http = Http(Tools(cache=tmp_path))
    with running_answers() as other:
        config: dict[str, JsonValue] = {"url": answers.url, "within": 0, "secret_headers": {"X-Key": "env:TEST_SECRET"}}
        answers.say(302, location=f"{other.url}/")
        with pytest.raises(StepError, match="answered 302"):
            await http.apply(a_call(Http, release, config))
        assert other.asked == []
        answers.say(302, location=f"{answers.url}/there")
        answers.then(200)
        await http.apply(a_call(Http, release, config))
        answers.say(302, location=f"{other.url}/")
        await http.apply(a_call(Http, release, {"url": answers.url}))
        assert other.asked == ["/"]


async def test_a_header_that_cannot_be_sent_is_not_repeated(
    answers: Answers, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library says which value it cannot send."""
    monkeypatch.setenv("TEST_SECRET", f"{SECRET}\x0bof")
    call = a_call(Http, release, {"url": answers.url, "within": 0, "token": "env:TEST_SECRET"})
    with pytest.raises(StepError, match=r"\*\*\*") as caught:
        await Http(Tools(cache=tmp_path)).apply(call)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"url": "http://a.example.org/", "token": "env:A"}, "https"),
        ({"url": "http://a.example.org/", "secret_headers": {"X-Key": "env:A"}}, "https"),
        ({"url": "https://a.example.org/", "secret_headers": {"X Key": "env:A"}}, "name of a header"),
        ({"url": "https://a.example.org/", "token": SECRET}, "named and not written down"),
    ],
)
def test_a_secret_that_would_be_seen_on_its_way_is_refused(config: dict[str, Any], says: str) -> None:
    """When the catalog is read."""
    with pytest.raises(ValidationError, match=says):
        HttpConfig.model_validate(config)


def test_a_variable_has_one_value() -> None:
    """Written down or by reference, not both."""
    with pytest.raises(ValidationError, match="`env` and in `secret_env`"):
        ExecConfig(apply=("true",), env={"A": "x"}, secret_env={"A": "env:A"})
