"""Secrets are named, looked up when they are needed, and in no message."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from releasepilot.errors import StepRefused
from releasepilot.plugins.secrets import SecretRef, secret_of


class Holder(BaseModel):
    """Has a secret."""

    password: SecretRef


def test_a_secret_is_found_where_its_reference_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment or in a file, without the line end that an editor leaves."""
    monkeypatch.setenv("TEST_SECRET", "hunter2")
    (tmp_path / "token").write_text("hunter3\n")
    assert secret_of("env:TEST_SECRET") == "hunter2"
    assert secret_of(f"file:{tmp_path}/token") == "hunter3"


@pytest.mark.parametrize("written", ["hunter2", "env:", "env:A B", "file:relative", "https://x/", "env:A\nB", ""])
def test_what_is_no_reference_is_refused_and_not_repeated(written: str) -> None:
    """Somebody may have written the secret itself."""
    with pytest.raises(ValidationError) as caught:
        Holder(password=written)
    message = caught.value.errors(include_input=False, include_url=False)[0]["msg"]
    assert "env:NAME" in message
    assert written == "" or written not in message.replace("env:NAME", "").replace("file:/path", "")


def test_a_secret_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is told, and what the file holds is not."""
    monkeypatch.delenv("TEST_SECRET", raising=False)
    (tmp_path / "two").write_text("first line\nsecond line")
    for reference in ("env:TEST_SECRET", f"file:{tmp_path}/none", f"file:{tmp_path}", f"file:{tmp_path}/two"):
        with pytest.raises(StepRefused) as caught:
            secret_of(reference)
        assert reference in str(caught.value)
        assert "first line" not in str(caught.value)
