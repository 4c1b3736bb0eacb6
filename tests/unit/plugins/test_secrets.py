"""Secrets are named, looked up when they are needed, given to whom they are for, and in no message."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from releasepilot.errors import SecretRefused
from releasepilot.plugins.secrets.config import SecretsConfig
from releasepilot.plugins.secrets.keeper import OpenSecrets, Secrets
from releasepilot.plugins.secrets.reference import Reference, SecretRef, is_pattern, matches


class Holder(BaseModel):
    """Has a secret."""

    password: SecretRef


def opened(**config: tuple[str, ...]) -> OpenSecrets:
    """Look up as a step of a worker that was told so."""
    return OpenSecrets(Secrets(SecretsConfig(**config)))


async def test_a_secret_is_found_where_its_reference_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment or in a file, without the line end that an editor leaves."""
    monkeypatch.setenv("TEST_SECRET", "hunter2")
    (tmp_path / "token").write_text("hunter3\n")
    secrets = opened()
    assert await secrets.read("env:TEST_SECRET") == "hunter2"
    assert await secrets.read(f"file:{tmp_path}/token") == "hunter3"


async def test_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that was changed is read as it is now, within one call too."""
    secrets = opened()
    for value in ("hunter2", "hunter3"):
        monkeypatch.setenv("TEST_SECRET", value)
        assert await secrets.read("env:TEST_SECRET") == value
    assert "hunter" not in repr(secrets)
    assert secrets.hide("hunter2 hunter3") == "*** ***"


@pytest.mark.parametrize(
    "written",
    [
        "hunter2",
        "env:",
        "env:A B",
        "file:relative",
        "https://x/",
        "env:A\nB",
        "",
        "vault:kv/app",
        "vault:kv#key",
        "vault:kv/../sys/seal#key",
        "vault:kv/..#key",
        "vault:/kv/a#key",
        "vault:kv/a?b#key",
        "vault:kv/a#",
        "aws-sm:",
        "aws-sm:a b",
        "aws-sm:a#",
    ],
)
def test_what_is_no_reference_is_refused_and_not_repeated(written: str) -> None:
    """Somebody may have written the secret itself."""
    with pytest.raises(ValidationError) as caught:
        Holder(password=written)
    message = caught.value.errors(include_input=False, include_url=False)[0]["msg"]
    assert "env:NAME" in message
    for form in ("env:NAME", "file:/path", "vault:mount/path#key", "aws-sm:name#key"):
        message = message.replace(form, "")
    assert written == "" or written not in message


@pytest.mark.parametrize(
    "written",
    [
        "vault:kv/app#token",
        "vault:old/er/a/b.c#a key",
        "aws-sm:prod/npm",
        "aws-sm:arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/npm-AbCdEf#token",
        "file:/run/secrets/with # in it",
    ],
)
def test_every_scheme_is_a_reference(written: str) -> None:
    """Also with a key, and where a colon or a hash is part of a name."""
    assert Holder(password=written).password == written


async def test_a_secret_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is told, and what the file holds is not."""
    monkeypatch.delenv("TEST_SECRET", raising=False)
    (tmp_path / "two").write_text("first line\nsecond line")
    for reference in ("env:TEST_SECRET", f"file:{tmp_path}/none", f"file:{tmp_path}", f"file:{tmp_path}/two"):
        with pytest.raises(SecretRefused) as caught:
            await opened().read(reference)
        assert reference in str(caught.value)
        assert "first line" not in str(caught.value)
        assert not caught.value.retryable


@pytest.mark.parametrize("reference", ["vault:kv/app#token", "aws-sm:prod/npm"])
async def test_a_scheme_that_is_not_configured_is_refused(reference: str) -> None:
    """It is said which variable is missing."""
    with pytest.raises(SecretRefused, match=reference) as caught:
        await opened().read(reference)
    assert "RELEASEPILOT_" in caught.value.hint


@pytest.mark.parametrize(
    ("reference", "allowed"),
    [
        ("env:NPM_TOKEN", True),
        ("env:NPM_TOKEN_OF_SOMEBODY", False),
        ("env:PYPI_TOKEN", True),
        ("file:/run/secrets/npm", True),
        ("file:/run/secrets/../npm", False),
        ("file:/run/secrets/../secrets/npm", True),
        ("file:/run/secrets-of-others", False),
        ("vault:kv/releases/npm#token", True),
        ("vault:kv/release#token", False),
    ],
)
def test_a_list_allows_what_it_names(reference: str, allowed: bool) -> None:
    """An entry is one reference; with a star it is the beginning of some, and no path leads out of it."""
    entries = ("env:NPM_TOKEN", "env:PYPI_*", "file:/run/secrets/*", "vault:kv/releases/*")
    assert matches(Reference.of(reference), entries) is allowed


@pytest.mark.parametrize("entry", ["*", "env:", "env", "env:*A", "ftp:*", "vault:kv/*/x"])
def test_an_entry_that_could_mean_anything_is_none(entry: str) -> None:
    """A list that was mistyped is refused and not taken for a long one."""
    assert not is_pattern(entry)


async def test_a_worker_gives_steps_what_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is refused by name, before anybody looks there."""
    monkeypatch.setenv("TEST_SECRET", "hunter2")
    monkeypatch.setenv("TEST_OTHER", "hunter3")
    secrets = opened(allowed=("env:TEST_SECRET",))
    assert await secrets.read("env:TEST_SECRET") == "hunter2"
    with pytest.raises(SecretRefused, match="env:TEST_OTHER"):
        await secrets.read("env:TEST_OTHER")


async def test_no_step_gets_what_the_worker_itself_goes_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the database's address nor a payload key, under whatever spelling of its path, in any list."""
    monkeypatch.setenv("RELEASEPILOT_DATABASE_URL", "postgresql://u:hunter2@db/x")
    monkeypatch.setenv("TEMPORAL_API_KEY", "hunter2")
    monkeypatch.setenv("KEY_OF_PAYLOADS", "hunter2")
    (tmp_path / "key").write_text("hunter2")
    own = ("env:KEY_OF_PAYLOADS", f"file:{tmp_path}/key")
    secrets = opened(own=own, allowed=("env:*", "file:/*"))
    names = ["env:RELEASEPILOT_DATABASE_URL", "env:TEMPORAL_API_KEY", *own, f"file:{tmp_path}/../{tmp_path.name}//key"]
    for reference in names:
        with pytest.raises(SecretRefused, match="not among"):
            await secrets.read(reference)
    assert not secrets.knows
    assert await Secrets(SecretsConfig(own=own)).read(own[0]) == "hunter2"
