"""What the doctor finds."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from support.stacks import WORKER

from releasepilot.settings import Settings
from releasepilot.workers.doctor import Finding, diagnose
from releasepilot.workers.local import ensure_stack
from releasepilot.workers.ports import free_port


def _by_name(settings: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in diagnose(settings)}


def test_before_the_first_command(tmp_path: Path) -> None:
    """A machine with everything has no finding to act on, and the doctor leaves no folder behind."""
    settings = Settings.load({}, state_dir=tmp_path / "state")
    findings = _by_name(settings)
    assert {"Python", "git", "state folder", "PostgreSQL", "Temporal", "embedded servers"} == set(findings)
    assert all(finding.ok and not finding.remedy for finding in findings.values())
    assert not settings.state_dir.exists()


def test_a_running_stack_without_a_real_worker(running: Settings) -> None:
    """Both servers are found well, and that nobody takes steps is found with its remedy."""
    ensure_stack(running, worker_command=WORKER)
    findings = _by_name(running)
    assert findings["Temporal server"].ok
    assert findings["database"].ok
    assert not findings["worker"].ok
    assert "engine" in findings["worker"].detail
    assert "releasepilot worker" in findings["worker"].remedy


def test_a_database_of_an_older_version(running: Settings, tmp_path: Path) -> None:
    """Missing migrations of a configured database are found with the command that applies them."""
    endpoints = ensure_stack(running, worker_command=WORKER)
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute("create database older")
    environ = {
        "RELEASEPILOT_TEMPORAL_ADDRESS": endpoints.temporal_address,
        "RELEASEPILOT_DATABASE_URL": endpoints.database_url.rpartition("/")[0] + "/older",
    }
    findings = _by_name(Settings.load(environ, state_dir=tmp_path))
    assert not findings["database"].ok
    assert "upgrade" in findings["database"].remedy


def test_servers_that_do_not_answer(tmp_path: Path) -> None:
    """Configured servers that are not there are both found, without their password."""
    environ = {
        "RELEASEPILOT_TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "RELEASEPILOT_DATABASE_URL": f"postgresql://rp:hunter2@127.0.0.1:{free_port()}/rp",
    }
    findings = _by_name(Settings.load(environ, state_dir=tmp_path))
    assert not findings["Temporal server"].ok
    assert not findings["database"].ok
    assert "hunter2" not in str(findings)


def test_a_path_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing git is found with its remedy."""
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = _by_name(Settings.load(os.environ, state_dir=tmp_path / "state"))["git"]
    assert not finding.ok
    assert "install git" in finding.remedy


def test_a_state_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file in the state folder's place is found."""
    (tmp_path / "state").write_text("")
    assert not _by_name(Settings.load({}, state_dir=tmp_path / "state"))["state folder"].ok
