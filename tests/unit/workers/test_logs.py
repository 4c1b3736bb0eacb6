"""Logs of bounded size."""

from __future__ import annotations

from pathlib import Path

from releasepilot.workers.logs import bound, tail


def test_a_log_that_has_grown_begins_anew(tmp_path: Path) -> None:
    """Its end is kept beside it, and a writer that has it open goes on at the beginning."""
    log = tmp_path / "part.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 1000 + b"the end\n")
        bound(log, limit=500, kept=8)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "part.log.1").read_bytes() == b"the end\n"


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    """Below the limit nothing happens, and a log that is not there is no error."""
    log = tmp_path / "part.log"
    bound(log, limit=5, kept=2)
    log.write_text("1234")
    bound(log, limit=5, kept=2)
    assert log.read_text() == "1234"


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    """The last lines are shown, long ones shortened, bytes that are no text replaced."""
    log = tmp_path / "part.log"
    assert tail(log) == ""
    log.write_bytes(b"\n".join(b"line %d" % number for number in range(1000)) + b"\n\xff\n")
    assert tail(log, 3) == "line 998\nline 999\n\ufffd"
    log.write_text("y" * 10_000)
    assert len(tail(log, 3)) == 500
