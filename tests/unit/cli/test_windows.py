"""`releasepilot windows`: verdicts with exit codes, openings, lists and calendars, as text and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from releasepilot.governance.zone_data import zone_data_version

CATALOG = """
version: 1
train: shop
components:
  - {name: api, repo: ../api.git}
  - {name: web, repo: ../web.git}
windows:
  - name: weekdays
    zone: Europe/Berlin
    start: 2026-01-05T09:00
    duration: 8h
    rrule: FREQ=WEEKLY;BYDAY=MO,TU,WE,TH
    holidays: DE
  - name: web-sale
    effect: deny
    zone: America/New_York
    start: 2026-11-26T00:00
    duration: 5d
    components: [web]
"""


class Said(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the catalog."""
    (tmp_path / "releasepilot.yaml").write_text(CATALOG)
    return tmp_path


def run(folder: Path, *words: str, zone: str = "UTC") -> Said:
    """Run `releasepilot windows` where the clocks show a zone."""
    ended = subprocess.run(
        [sys.executable, "-m", "releasepilot.cli.main", "windows", *words],
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, "TZ": zone, "RELEASEPILOT_STATE_DIR": str(folder / "state")},
    )
    return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def test_check_ends_with_0_or_5(folder: Path) -> None:
    """Open until the evening, then closed until the next morning that is no holiday."""
    opened = run(folder, "check", "--at", "2026-03-30T10:00+02:00", zone="Europe/Berlin")
    assert opened == Said(0, "open by 'weekdays'\ncloses Mon 2026-03-30 17:00 CEST (Europe/Berlin)\n", "")
    closed = run(folder, "check", "--at", "2026-04-02T15:00Z")
    assert closed.code == 5
    assert closed.out == (
        "closed: outside of 'weekdays'\n"
        "opens Tue 2026-04-07 09:00 CEST (Europe/Berlin), here Tue 2026-04-07 07:00 UTC\n"
    )


def test_check_looks_at_the_components_that_are_named(folder: Path) -> None:
    """A blackout of one component closes all that are released with it, and not the others."""
    at = ("--at", "2026-11-30T12:00Z")
    assert run(folder, "check", *at, "--component", "api").code == 0
    said = run(folder, "check", *at, "--component", "api", "--component", "web", "--json")
    assert said.code == 5
    assert json.loads(said.out) == {
        "open": False,
        "rule": "web-sale",
        "until": "2026-12-01T08:00:00Z",
        "reason": "closed by the blackout 'web-sale'",
        "tzdata": zone_data_version(),
        "closed_by": ["web-sale"],
    }
    unknown = run(folder, "check", "--component", "wep")
    assert (unknown.code, "there is no component 'wep'" in unknown.err) == (2, True)


def test_check_without_a_moment_reads_the_clock(folder: Path) -> None:
    """Now is open or closed, and nothing else."""
    assert run(folder, "check").code in {0, 5}


@pytest.mark.parametrize(
    ("at", "what"),
    [
        ("2026-01-05T09:00", "has no time zone"),
        ("tomorrow", "is not a time"),
        ("0001-01-01T00:00Z", "the year is from"),
    ],
)
def test_a_moment_that_is_none_is_refused_with_the_remedy(folder: Path, at: str, what: str) -> None:
    """Without an offset a time could be many moments."""
    said = run(folder, "check", "--at", at)
    assert said.code == 2
    assert what in said.err


def test_next_prints_the_opening_or_that_there_is_none(folder: Path) -> None:
    """The rest of one that is open, the next one otherwise; 5 where none is known."""
    said = run(folder, "next", "--at", "2026-11-25T16:00Z", zone="Europe/Berlin")
    assert said.code == 0
    assert said.out == (
        "opens Tue 2026-12-01 09:00 CET (Europe/Berlin)\ncloses Tue 2026-12-01 17:00 CET (Europe/Berlin)\n"
    )
    now = run(folder, "next", "--at", "2026-11-24T12:00Z", "--json")
    assert json.loads(now.out) == {"begin": "2026-11-24T12:00:00Z", "end": "2026-11-24T16:00:00Z"}
    (folder / "releasepilot.yaml").write_text(CATALOG.replace("FREQ=WEEKLY", "UNTIL=20260401;FREQ=WEEKLY"))
    never = run(folder, "next", "--at", "2026-11-24T12:00Z")
    assert never == Said(5, "no opening is known within five years\n", "")
    assert run(folder, "next", "--at", "2026-11-24T12:00Z", "--json").out == "null\n"


def test_list_shows_occurrences_in_their_own_zones(folder: Path) -> None:
    """In the order of their beginnings, wherever these are."""
    said = run(folder, "list", "--at", "2026-11-25T23:00Z", "--days", "1")
    rows = [" ".join(line.split()) for line in said.out.splitlines()]
    assert rows[1:] == [
        "Thu 2026-11-26 00:00 EST Tue 2026-12-01 00:00 EST America/New_York deny web-sale",
        "Thu 2026-11-26 09:00 CET Thu 2026-11-26 17:00 CET Europe/Berlin allow weekdays",
    ]
    only = run(folder, "list", "--at", "2026-11-25T23:00Z", "--days", "1", "--component", "api", "--json")
    assert [one["begin"] for one in json.loads(only.out)] == ["2026-11-26T09:00:00+01:00"]


def test_what_is_exported_is_imported_as_a_catalog_has_it(folder: Path) -> None:
    """The YAML of the import is that of the catalog, from a file and from standard input."""
    exported = run(folder, "export")
    assert exported.out.startswith("BEGIN:VCALENDAR\r\n")
    (folder / "windows.ics").write_bytes(exported.out.encode())
    imported = run(folder, "import", "windows.ics")
    assert imported.code == 0
    head = CATALOG.partition("windows:")[0]
    (folder / "releasepilot.yaml").write_text(head + imported.out)
    assert run(folder, "export") == exported
    assert json.loads(run(folder, "import", "windows.ics", "--json").out) == json.loads(
        run(folder, "export", "--json").out
    )


def test_an_import_that_fails_names_the_event(folder: Path) -> None:
    """Nothing is printed but the error, with its code."""
    (folder / "bad.ics").write_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:party\nEND:VEVENT\nEND:VCALENDAR\n")
    said = run(folder, "import", "bad.ics")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error[RP101] bad.ics: the event 'party': ")
    (folder / "bad.ics").write_bytes(b"\xff\xfe")
    assert "byte 0 is not UTF-8" in run(folder, "import", "bad.ics").err


def test_mistakes_of_windows_are_told_with_their_places(folder: Path) -> None:
    """Of the text at once; zones and holidays once the text is right."""
    wrong = CATALOG.replace("BYDAY=MO", "BYDAY=MOO").replace("8h", "8 hours").replace("T00:00", "T00:00Z")
    (folder / "releasepilot.yaml").write_text(wrong)
    said = run(folder, "list").err
    assert [line.split(": ")[1] for line in said.splitlines() if "windows[" in line] == [
        "windows[0].duration",
        "windows[0].rrule",
        "windows[1].start",
    ]
    wrong = CATALOG.replace("Europe/Berlin", "Europe/Berlim").replace("[web]", "[wep]").replace("web-sale", "Weekdays")
    (folder / "releasepilot.yaml").write_text(wrong)
    said = run(folder, "list").err
    assert "releasepilot.yaml:14:5: windows[1].name: another window is named" in said
    assert "windows[1].components[0]: no component of the catalog is named 'wep'" in said
    (folder / "releasepilot.yaml").write_text(CATALOG.replace("Europe/Berlin", "Europe/Berlim"))
    assert "releasepilot.yaml:9:5: windows[0].zone: 'Europe/Berlim' is not a time zone" in run(folder, "list").err


@pytest.mark.parametrize(("windows", "loaded"), [(False, []), (True, ["dateutil"])])
def test_the_libraries_of_windows_are_loaded_where_there_are_some(
    folder: Path, windows: bool, loaded: list[str]
) -> None:
    """`validate` loads none of them for a catalog without windows, and only dateutil for one without holidays."""
    text = CATALOG.replace("    holidays: DE\n", "") if windows else CATALOG.partition("windows:")[0]
    (folder / "releasepilot.yaml").write_text(text)
    code = (
        "import sys\nfrom releasepilot.cli.main import main\n"
        "try: main(['validate'])\nexcept SystemExit: pass\n"
        "print([name for name in ('dateutil', 'holidays', 'icalendar') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert ended.stdout.splitlines()[-1] == str(loaded)
