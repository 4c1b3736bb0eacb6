"""`releasepilot rules`, and rules in a catalog: places of mistakes, results of tests, and a machine without CEL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

CATALOG = """
version: 1
train: shop
components:
  - {name: api, repo: ../api.git}
env: {stage: production}
rules:
  - id: no-friday
    expr: now.getDayOfWeek("Europe/Berlin") == 5
    message: nothing is released on a Friday
    owner: sre
    tests:
      - {input: {now: "2026-11-27T12:00:00Z"}, expect: deny}
      - {input: {now: "2026-11-26T12:00:00Z"}, expect: pass}
  - id: majors
    expr: release.bump == "major" && env.stage == "production"
    effect: warn
    message: a major version
    tests:
      - {input: {release: {bump: major}}, expect: warn}
"""


class Said(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    err: str


def run(folder: Path, *words: str, catalog: str = CATALOG, before: str = "") -> Said:
    """Run a command over a catalog; `before` is done first, in the same process."""
    (folder / "releasepilot.yaml").write_text(catalog, encoding="utf-8")
    started = f"import sys\n{before}\nfrom releasepilot.cli.main import main\nmain(sys.argv[1:])"
    ended = subprocess.run(
        [sys.executable, "-c", started, *words],
        capture_output=True,
        check=False,
        text=True,
        cwd=folder,
        env={**os.environ, "RELEASEPILOT_STATE_DIR": str(folder / "state")},
    )
    return Said(ended.returncode, ended.stdout, ended.stderr)


def test_tests_are_run_and_told(tmp_path: Path) -> None:
    """One line each; 1 where any fails, and what else is wrong with the rules does not hide that."""
    assert run(tmp_path, "rules", "test") == Said(
        0,
        "no-friday, test 1: passes\nno-friday, test 2: passes\nmajors, test 1: passes\n3 of 3 tests pass\n",
        "",
    )
    wrong = CATALOG.replace("expect: warn", "expect: pass").replace("now.getDay", "nwo.getDay")
    said = run(tmp_path, "rules", "test", catalog=wrong)
    assert said.code == 1
    assert said.out.endswith(
        "majors, test 1: fails: expect: the rule 'majors' says warn, and not pass\n0 of 3 tests pass\n"
    )
    results = json.loads(run(tmp_path, "rules", "test", "--json", catalog=wrong).out)
    assert [(one["rule"], one["number"], one["passed"]) for one in results] == [
        ("no-friday", 1, False),
        ("no-friday", 2, False),
        ("majors", 1, False),
    ]


def test_rules_are_listed(tmp_path: Path) -> None:
    """As a table, and as they stand in the catalog."""
    said = run(tmp_path, "rules", "list")
    assert (said.code, said.out.splitlines()[1].split()) == (
        0,
        ["no-friday", "deny", "sre", "nothing", "is", "released", "on", "a", "Friday"],
    )
    rows = json.loads(run(tmp_path, "rules", "list", "--json").out)
    assert [row["id"] for row in rows] == ["no-friday", "majors"]
    none = CATALOG[: CATALOG.index("rules:")]
    assert run(tmp_path, "rules", "list", catalog=none).out == "the catalog has no rules\n"
    assert run(tmp_path, "rules", "test", "--json", catalog=none) == Said(0, "[]\n", "")


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("release.bump ==", "release.bumb ==", ":16:5: rules[1].expr: character 8: there is no 'bumb'"),
        ("expect: warn", "expect: pass", ":20:43: rules[1].tests[0].expect: the rule 'majors' says warn"),
        ("expect: warn", "expect: maybe", ":20:43: rules[1].tests[0].expect: "),
        ("{bump: major}", "{bumb: major}", ":20:28: rules[1].tests[0].input.release.bumb: there is no such field"),
        ("id: majors", "id: No-Friday", ":15:5: rules[1].id: another rule has the id"),
        ("effect: warn", "effect: forbid", ":17:5: rules[1].effect: "),
        ("    owner: sre\n", "    ownr: sre\n", ":11:5: rules[0].ownr: is not a key"),
        ("stage: production}", "stage: production, bad: 1}", ":6:26: env.bad: must be text"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    """By `validate`, before anything runs."""
    assert CATALOG.count(right) == 1
    said = run(tmp_path, "validate", catalog=CATALOG.replace(right, wrong))
    assert (said.code, said.out) == (1, "")
    assert f"releasepilot.yaml{told}" in said.err


def test_a_rule_without_tests_is_a_mistake(tmp_path: Path) -> None:
    """Whether the key is missing or empty."""
    begin = CATALOG[: CATALOG.rindex("    tests:")]
    assert ":15:5: rules[1].tests: is missing" in run(tmp_path, "validate", catalog=begin).err
    said = run(tmp_path, "validate", catalog=f"{begin}    tests: []\n")
    assert ":19:5: rules[1].tests: must not be empty" in said.err


#: The library is not there, whatever this machine has.
MISSING = "sys.modules['cel_expr_python'] = None"


def test_a_machine_without_the_library_says_what_to_install(tmp_path: Path) -> None:
    """Where a catalog has rules; where it has none, nothing is missing and nothing is loaded."""
    said = run(tmp_path, "validate", before=MISSING)
    assert said.code == 1
    assert said.err.startswith("error[RP102] the catalog has rules")
    assert "hint: pip install 'releasepilot[rules]'" in said.err
    none = CATALOG[: CATALOG.index("rules:")]
    assert run(tmp_path, "validate", catalog=none, before=MISSING).code == 0
