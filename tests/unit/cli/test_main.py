"""The command line as a whole: what it imports, lists, suggests and returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from releasepilot import __version__
from releasepilot.cli.main import COMMANDS, cli, load


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "releasepilot.cli.main", *words], capture_output=True, text=True, check=False, cwd=cwd
    )


def test_version_imports_click_and_nothing_heavy() -> None:
    """`--version` loads no library but click, and none of our modules but the group's own."""
    code = (
        "import sys, click; before = set(sys.modules)\n"
        "from releasepilot.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        "print(sorted({name for name in set(sys.modules) - before if 'releasepilot' in name}),\n"
        "      sorted(name for name in ('rich', 'pydantic', 'importlib.metadata') if name in sys.modules))"
    )
    lines = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0] == f"releasepilot {__version__}"
    ours = "['releasepilot', 'releasepilot.cli', 'releasepilot.cli.invocation', 'releasepilot.cli.main']"
    assert lines[1] == f"{ours} []"


def test_version_costs_at_most_twice_what_click_costs() -> None:
    """The best of five runs of `--version` costs the processor at most twice the best of five imports of click."""

    def spent(*words: str) -> float:
        child = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        return used.ru_utime + used.ru_stime

    # In turn, so that a busy moment of the machine is one for both.
    pairs = [(spent("-m", "releasepilot.cli.main", "--version"), spent("-c", "import click")) for _ in range(5)]
    assert min(ours for ours, _ in pairs) <= 2 * min(theirs for _, theirs in pairs)


def test_help_lists_every_command_without_importing_one() -> None:
    """`--help` shows each command with its line, from the table alone."""
    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    for name, (_, line) in COMMANDS.items():
        assert any(row.split() == [name, *line.split()] for row in shown.output.splitlines()), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists(name: str) -> None:
    """Each entry of the table can be imported, is called so, and explains itself in a sentence."""
    command = load(name)
    assert command.name == name
    assert (command.help or "").split("\n")[0].endswith((".", ":", "one.", "them"))


def test_a_misspelt_command_is_answered_with_the_right_one() -> None:
    """An unknown command ends with 2 and names the nearest."""
    ended = run("valdate")
    assert ended.returncode == 2
    assert "Did you mean 'validate'?" in ended.stderr


def test_an_error_is_two_lines_and_no_traceback(tmp_path: Path) -> None:
    """An error tells its code, what is wrong and what to do, on standard error."""
    ended = run("validate", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error[RP100] there is no catalog releasepilot.yaml\nhint: ")
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_an_error_is_json_where_json_was_asked_for(tmp_path: Path) -> None:
    """With `--json` the error is an object with the documented fields."""
    ended = run("validate", "--json", cwd=tmp_path)
    assert json.loads(ended.stderr) == {
        "code": "RP100",
        "message": "there is no catalog releasepilot.yaml",
        "hint": "name one with `releasepilot -C FILE`, or try `releasepilot demo`",
        "component": "",
    }


def test_verbose_adds_the_traceback(tmp_path: Path) -> None:
    """`--verbose` shows where the error was raised, and the two lines as well."""
    ended = run("--verbose", "validate", cwd=tmp_path)
    assert "Traceback" in ended.stderr
    assert "error[RP100]" in ended.stderr


def test_a_terminal_without_unicode_gets_a_question_mark(tmp_path: Path) -> None:
    """What the output's encoding cannot show is replaced, not fatal."""
    ended = subprocess.run(
        [sys.executable, "-m", "releasepilot.cli.main", "-C", "→.yaml", "validate"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert ended.stderr.startswith(b"error[RP100] there is no catalog ?.yaml")


def test_a_release_that_nobody_can_confirm_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """Without a terminal `release` wants `--yes` and ends with 2."""
    ended = subprocess.run(
        [sys.executable, "-m", "releasepilot.cli.main", "release"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 2
    assert "give --yes" in ended.stderr


def test_down_says_that_a_state_folder_cannot_be_used(tmp_path: Path) -> None:
    """A file in the place of the folder, or on the way to it, is an error; a folder that is not there yet is none."""
    (tmp_path / "file").touch()
    for place, code in (("file", 1), ("file/state", 1), ("nowhere", 0)):
        ended = subprocess.run(
            [sys.executable, "-m", "releasepilot.cli.main", "down"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "RELEASEPILOT_STATE_DIR": str(tmp_path / place)},
        )
        assert (ended.returncode, "cannot be used: Not a directory" in ended.stderr) == (code, code == 1), ended
