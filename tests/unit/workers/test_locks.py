"""Locks that end with their process."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.patience import PATIENCE

from releasepilot.workers.locks import FileLock, holder, one_at_a_time


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """While one holds it another does not get it, and the holder's number can be read."""
    first, second = FileLock(tmp_path / "l"), FileLock(tmp_path / "l")
    assert holder(tmp_path / "l") is None
    assert first.take()
    assert holder(tmp_path / "l") == 0
    first.sign(4711)
    assert holder(tmp_path / "l") == 4711
    assert not second.take(patience=0.05)
    first.drop()
    assert second.take()
    second.drop()
    assert holder(tmp_path / "l") is None


def test_a_started_process_keeps_the_lock_for_its_life(tmp_path: Path) -> None:
    """A lock that a child inherited is held until the child ends, also after its parent let go, and by kill -9 too."""
    lock = FileLock(tmp_path / "l")
    assert lock.take()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(lock.descriptor,)) as child:
        lock.sign(child.pid)
        lock.drop()
        assert holder(tmp_path / "l") == child.pid
        child.kill()
    assert holder(tmp_path / "l") is None


def test_a_lock_that_is_not_held_has_no_descriptor(tmp_path: Path) -> None:
    """What is not held cannot be handed on."""
    with pytest.raises(ValueError, match="not held"):
        _ = FileLock(tmp_path / "l").descriptor


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """Another process waits outside until this one is through."""
    code = (
        "import sys; from pathlib import Path; from releasepilot.workers.locks import one_at_a_time\n"
        "with one_at_a_time(Path(sys.argv[1])): print('in', flush=True)"
    )
    with one_at_a_time(tmp_path / "l"):
        other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "l")], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        assert other.poll() is None
    out, _ = other.communicate(timeout=PATIENCE)
    assert out == "in\n"


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A folder that is not there is no lock that somebody else holds."""
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "nowhere" / "l").take()
    assert not list(tmp_path.iterdir())
