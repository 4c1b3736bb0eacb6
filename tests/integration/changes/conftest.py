"""One instance and one site for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.changes import know
from support.jira import Site, running_site
from support.servicenow import Instance, running_instance


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """Give a ServiceNow instance whose password the worker knows."""
    with running_instance() as running:
        know(monkeypatch, running)
        yield running


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give a Jira site whose API token the worker knows."""
    with running_site() as running:
        know(monkeypatch, running)
        yield running
