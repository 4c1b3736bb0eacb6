"""Credentials go to one server, over a safe way, and into no message; answers are bounded in time and size."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from pydantic import JsonValue, ValidationError
from support.changes import VARIABLE, a_change_call, know, login_of
from support.servicenow import Instance, running_instance

from releasepilot.errors import CatalogError, StepError, StepRefused
from releasepilot.model.catalog import Catalog, StepDeclaration
from releasepilot.plugins.builtin.servicenow import ServiceNowChange, ServiceNowClose
from releasepilot.plugins.changes import connection
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools

ASK = ServiceNowChange(Tools(cache=Path()))


def refused(config: dict[str, JsonValue]) -> str:
    """Say what the registry has against a configuration."""
    registry = Registry([ServiceNowClose])
    declaration = StepDeclaration.model_validate({"uses": "servicenow.close", **config})
    try:
        parsed = registry.parse(declaration)
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is looked at
        return str(error)
    return ServiceNowClose.objection(declaration, parsed)


async def test_no_secret_is_in_any_message(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in errors with their causes nor in logs, also where the server repeats it."""
    caplog.set_level(logging.DEBUG)
    secret = "s3cret-of-nobody"  # noqa: S105 - it opens nothing
    monkeypatch.setenv(VARIABLE, secret)
    call = a_change_call(ServiceNowChange, login_of(instance))
    said = [repr(call), str(call.config)]
    instance.reply("GET", "/change", 401, body={"error": {"message": f"wrong password {secret}"}})
    instance.reply("GET", "/change", 403, body={"error": {"message": f"no rights, {secret}"}})
    instance.reply("GET", "/change", 500, body=secret)
    for _ in range(3):
        with pytest.raises(StepError) as caught:
            await ASK.apply(call)
        said += [str(caught.value), "".join(traceback.format_exception(caught.value))]
    assert any("***" in one for one in said)
    assert not any(secret in one for one in [*said, caplog.text])


async def test_wrong_credentials_are_not_tried_again(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account would be locked."""
    monkeypatch.setenv(VARIABLE, "wrong")
    with pytest.raises(StepRefused, match="credentials were not accepted"):
        await ASK.apply(a_change_call(ServiceNowChange, login_of(instance)))
    assert len(instance.asked) == 1


async def test_a_redirect_carries_no_credentials(instance: Instance) -> None:
    """It is not followed: neither to another host nor to another scheme."""
    with running_instance() as other:
        instance.reply("GET", "/change", 302, Location=f"{other.url}/api/sn_chg_rest/v1/change")
        with pytest.raises(StepRefused, match=r"sent on to 127\.0\.0\.1"):
            await ASK.apply(a_change_call(ServiceNowChange, login_of(instance)))
        assert other.asked == []


async def test_an_answer_is_bounded(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """In size and in time; neither is the end of the step."""
    monkeypatch.setattr(connection, "MAX_ANSWER", 1000)
    instance.reply("GET", "/change", 200, body="x" * 2000)
    with pytest.raises(StepError, match="is larger than") as caught:
        await ASK.apply(a_change_call(ServiceNowChange, login_of(instance)))
    assert caught.value.retryable
    monkeypatch.setattr(connection, "ONE_ANSWER", 0.2)
    instance.slow("GET", "/change", 0.6)
    with pytest.raises(StepError, match=r"no whole answer|ReadTimeout"):
        await ASK.apply(a_change_call(ServiceNowChange, login_of(instance)))


async def test_a_server_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection says nothing of the change."""
    with running_instance() as gone:
        know(monkeypatch, gone)
        call = a_change_call(ServiceNowChange, login_of(gone))
    with pytest.raises(StepError, match="no answer to GET /api/sn_chg_rest/v1/change: ConnectError") as caught:
        await ASK.apply(call)
    assert caught.value.retryable


async def test_a_token_is_sent_as_such(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a user it is a bearer token."""
    monkeypatch.setenv("TEST_CHANGE_TOKEN", instance.passwords["bot"])
    instance.agreeable = True
    await ASK.apply(a_change_call(ServiceNowChange, {"url": instance.url, "token": "env:TEST_CHANGE_TOKEN"}))
    assert {one.headers["Authorization"].partition(" ")[0] for one in instance.asked} == {"Bearer"}


@pytest.mark.parametrize(
    "url",
    ["http://example.org", "https://user:pw@example.org", "ftp://example.org", "https://", "https://x/?a=b"],
)
def test_an_address_that_would_show_credentials_is_refused(url: str) -> None:
    """They go over https, except to this machine, and do not stand in the address."""
    with pytest.raises(ValidationError):
        ServiceNowClose.Config.model_validate({"url": url, "token": "env:T"})


@pytest.mark.parametrize(
    "login",
    [{}, {"user": "bot"}, {"password": "env:P"}, {"user": "bot", "password": "env:P", "token": "env:T"}],
)
def test_credentials_are_whole(login: dict[str, JsonValue]) -> None:
    """A user with a password, or a token."""
    assert "name either `user` and `password`, or `token`" in refused({"url": "https://example.org", **login})
    assert refused({"url": "https://example.org", "token": "env:T"}) == ""


def test_a_secret_in_a_catalog_is_refused_and_not_repeated() -> None:
    """Whoever writes it down is told how to name it."""
    said = refused({"url": "https://example.org", "user": "bot", "password": "hunter2"})
    assert "env:NAME" in said
    assert "hunter2" not in said


def test_what_could_not_wait_or_meet_is_refused_before_a_train() -> None:
    """One attempt would end before people have decided; a zone that nobody knows has no meetings."""
    board: JsonValue = {"zone": "Europe/Nowhere", "start": "2026-01-01T10:00", "rrule": "FREQ=DAILY"}
    registry = Registry([ServiceNowChange])
    beyond: dict[str, JsonValue] = {"api": "table", "items": ["ci1"]}
    wrong: list[tuple[dict[str, JsonValue], str]] = [
        ({"attempts": 1}, "never look again"),
        ({"board": board}, "is not a time zone"),
        (beyond, "knows no templates"),
    ]
    for more, said in wrong:
        step = {"uses": "servicenow.change", "url": "https://example.org", "token": "env:T", **more}
        components: list[JsonValue] = [{"name": "api", "repo": "/a", "publish": [step]}]
        catalog = Catalog.model_validate({"version": 1, "train": "t", "components": components})
        [(_, message)] = registry.check(catalog)
        assert said in message


def test_a_misspelt_key_is_refused_at_any_depth() -> None:
    """A lead time that is not read would be none."""
    registry = Registry([ServiceNowChange])
    board: JsonValue = {"zone": "UTC", "start": "2026-01-01T10:00", "rrule": "FREQ=DAILY", "leed": "2d"}
    config: dict[str, JsonValue] = {"url": "https://example.org", "token": "env:T", "board": board}
    with pytest.raises(CatalogError, match="leed"):
        registry.parse(StepDeclaration.model_validate({"uses": "servicenow.change", **config}))
