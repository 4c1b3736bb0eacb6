"""Ports that stay."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from releasepilot.workers.ports import Ports, free_port, is_free


def test_ports_are_remembered(tmp_path: Path) -> None:
    """The same names have the same ports after a restart, and no two names have one port."""
    first = Ports(tmp_path / "ports.json").take("a", "b", "c")
    assert len(set(first.values())) == 3
    assert Ports(tmp_path / "ports.json").take("b", "a") == {"a": first["a"], "b": first["b"]}


def test_a_taken_port_is_chosen_anew(tmp_path: Path) -> None:
    """Only the name whose port another program has gets a new one, which is remembered."""
    ports = Ports(tmp_path / "ports.json")
    before = ports.take("a", "b")
    with socket.create_server(("127.0.0.1", before["a"])):
        assert not is_free(before["a"])
        after = ports.take("a", "b")
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert ports.take("a", "b") == after


@pytest.mark.parametrize("content", ["", "[1]", '{"a": "x"}', '{"a": null}', "\xff"])
def test_a_damaged_file_is_no_obstacle(tmp_path: Path, content: str) -> None:
    """What cannot be read is chosen anew."""
    file = tmp_path / "ports.json"
    file.write_bytes(content.encode("latin-1"))
    assert is_free(Ports(file).take("a")["a"])


def test_a_port_that_is_to_be_avoided() -> None:
    """A chosen port is none of those that are spoken for."""
    first = free_port()
    assert free_port(avoid=(first,)) != first
