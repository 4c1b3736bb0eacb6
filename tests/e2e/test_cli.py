"""The command line over real remotes and servers that it starts itself. `Desk.run` refuses escape sequences."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from support.desk import COMMAND, Desk, Said, a_desk
from support.patience import PATIENCE
from support.remotes import make_remote
from support.shop import a_shop
from support.stacks import a_stack, eventually, is_ready
from support.trains import Before, subjects

from releasepilot.settings import Settings
from releasepilot.workers.local import stack_status

pytestmark = pytest.mark.takes(4.5)

#: One of the requester's own account must approve: a role without members belongs to whoever owns the servers.
GATE = [{"uses": "approval", "roles": ["managers"]}]


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the state folder of one stack, which the first command that needs it starts."""
    with a_stack(tmp_path_factory.mktemp("cli") / "state") as settings:
        yield settings.state_dir


@pytest.fixture
def desk(tmp_path: Path, state_dir: Path) -> Desk:
    """Give a folder with a catalog of three components."""
    return a_desk(tmp_path, state_dir, a_shop(tmp_path / "remotes"))


def failing(name: str = "deploy", **more: Any) -> dict[str, Any]:
    """Declare a step that never works."""
    return {"uses": "exec", "name": name, "apply": "false", "revert": "true", "attempts": 1, **more}


def test_validate_counts_components_or_points_at_the_mistake(desk: Desk) -> None:
    """A right catalog is told as JSON; a wrong one ends with 1 and the place of the mistake, in JSON too."""
    found = {"train": desk.train, "components": ["lib", "api", "app"], "warnings": []}
    assert desk.run("validate", "--json").json == found
    desk.write(gates=[{**GATE[0], "veto": ["nobody"]}], roles={"managers": ["mia"]})
    warned = desk.run("validate")
    assert (warned.code, "no mistakes" in warned.out) == (0, True)
    assert "gates[0].veto[0]: nobody is listed for the role 'nobody'" in warned.err
    desk.write(concurrency=0, components={"app": {"needs": ["nobody"]}})
    said = desk.run("validate")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error[RP100]")
    assert "releasepilot.yaml:" in said.err
    error = json.loads(desk.run("validate", "--json").err)
    assert set(error) == {"code", "message", "hint", "component"}


def test_plan_shows_the_same_plan_in_three_ways(desk: Desk) -> None:
    """Text, Markdown and JSON carry one digest; no remote is touched."""
    before = [Before.of(remote) for remote in desk.remotes.values()]
    as_text, as_markdown, as_json = desk.run("plan"), desk.run("plan", "--markdown"), desk.run("plan", "--json")
    assert (as_text.code, as_markdown.code, as_json.code) == (0, 0, 0)
    plan = as_json.json
    assert [release["component"] for release in plan["releases"]] == ["lib", "api", "app"]
    assert [release["to_version"] for release in plan["releases"]] == ["1.1.0", "1.1.0", "1.1.0"]
    assert as_markdown.out.startswith("# Release train")
    digest = as_text.out.splitlines()[-1].removeprefix("plan ")
    assert f"`{digest}`" in as_markdown.out
    assert desk.run("plan", "--json", "--markdown").code == 2
    for was in before:
        was.assert_untouched()


def test_next_and_changelog_say_one_thing_for_scripts(desk: Desk) -> None:
    """The version alone, the section alone, and everything that a component has ever released."""
    assert desk.run("next").out.splitlines() == ["lib 1.1.0", "api 1.1.0", "app 1.1.0"]
    assert desk.run("next", "lib").out == "1.1.0\n"
    assert desk.run("next", "--json").json == {"lib": "1.1.0", "api": "1.1.0", "app": "1.1.0"}
    assert desk.run("changelog", "lib").out.startswith("## 1.1.0 (")
    assert "## lib 1.0.0 → 1.1.0" in desk.run("changelog").out
    whole = desk.run("changelog", "lib", "--all").out
    assert [line.partition(" (")[0] for line in whole.splitlines() if line.startswith("#")][:3] == [
        "# Changelog",
        "## Unreleased",
        "### Features",
    ]
    assert "## 1.0.0 (" in whole
    for words in (
        ("next", "nobody"),
        ("changelog", "nobody"),
        ("changelog", "nobody", "--all"),
        ("changelog", "--all"),
    ):
        said = desk.run(*words)
        assert (said.code, said.out) == (2, "")
        assert "name one of lib, api, app" in said.err


def test_a_commit_message_never_reaches_the_terminal_as_it_is(desk: Desk) -> None:
    """A template may tell messages raw; what would act on a terminal is replaced wherever a changelog is printed."""
    raw = "{% for s in sections %}{% for e in s.entries %}{{ e.raw.text }}\n{% endfor %}{% endfor %}"
    desk.write(defaults={"changelog": {"template": raw}})
    desk.remotes["lib"].add("feat: \x1b]0;owned\x07\u202egood")
    for words in (("changelog",), ("changelog", "lib"), ("changelog", "lib", "--all")):
        assert "\ufffd]0;owned\ufffdgood\n" in desk.run(*words).out


def test_a_plan_can_be_made_of_another_branch(desk: Desk) -> None:
    """`--branch` reads every component there; its previews are those of the catalog's branches."""
    desk.write(defaults={"branches": ["main", {"name": "beta", "prerelease": "beta"}]})
    for remote in desk.remotes.values():
        remote.git("branch", "beta", "main")
    assert desk.run("next", "--branch", "beta").out.splitlines()[0] == "lib 1.1.0-beta.1"
    assert desk.run("next").out.splitlines()[0] == "lib 1.1.0"
    said = desk.run("plan", "--branch=no such")
    assert (said.code, "is not a name that git accepts" in said.err) == (1, True)
    assert "has no branch 'gone'" in desk.run("plan", "--branch", "gone").err


@pytest.mark.parametrize(
    ("defaults", "place", "said"),
    [
        ({"versioning": {"policy": "semver"}}, "defaults.versioning.policy", "is not a versioning policy"),
        ({"versioning": {"policy": {"extends": "nobody"}}}, "policy.extends", "is not a versioning policy"),
        ({"versioning": {"policy": {"calver": "YYYY.XX"}}}, "defaults.versioning.policy", "XX"),
        ({"versioning": {"initial": "1"}}, "defaults.versioning.initial", "is not a version"),
        ({"branches": ["main", "a", "b", "c"]}, "defaults.branches", "4 release branches"),
        ({"changelog": {"template": "{% if %}"}}, "defaults.changelog.template", "template"),
        ({"changelog": {"template": "{{ version"}}, "defaults.changelog.template", "template"),
    ],
)
def test_a_policy_or_template_that_cannot_be_is_told_with_its_place(
    desk: Desk, defaults: dict[str, Any], place: str, said: str
) -> None:
    """The catalog is refused before a repository is read."""
    desk.write(defaults=defaults)
    answer = desk.run("validate")
    assert answer.code == 1
    assert place in answer.err
    assert said in answer.err


FORMATS = ("text", "dot", "mermaid", "svg")


def test_graph_is_drawn_in_every_format(desk: Desk) -> None:
    """Each drawing names each component, and the blast radius is in text and JSON."""
    drawings = {form: desk.run("graph", "--impact", "lib", "--format", form) for form in FORMATS}
    for said in drawings.values():
        assert said.code == 0
        assert all(name in said.out for name in desk.remotes)
    assert drawings["dot"].out.startswith("digraph")
    assert drawings["mermaid"].out.startswith(("graph", "flowchart"))
    assert ET.fromstring(drawings["svg"].out).tag.endswith("svg")  # noqa: S314 - it is our own
    assert "reaches 2 components: api, app" in drawings["text"].out
    assert desk.run("graph", "--json", "--impact", "lib").json["impact"] == ["api", "app"]


def test_a_release_is_made_looked_at_and_taken_back(desk: Desk) -> None:
    """Released is 0, nothing more to release is 0 with words, and what was rolled back is 3 from then on."""
    before = {name: Before.of(remote) for name, remote in desk.remotes.items()}
    released = desk.run("release", "--yes")
    assert released.code == 0, released
    assert "Released." in released.out
    status = desk.run("status", desk.train, "--json")
    view = status.json
    assert (status.code, view["phase"], view["record"]["outcome"]) == (0, "ended", "released")
    assert desk.remotes["app"].show("package.json", "v1.1.0").count("1.1.0") == 2
    assert desk.run("history", "--json").json[0]["id"] == view["train"]
    again = desk.run("release", "--yes")
    assert (again.code, again.out.startswith("Nothing to release: ")) == (0, True)
    assert desk.run("rollback", view["train"], "--yes").code == 0
    assert view["train"] in (listed := desk.run("history", "--limit", "1").out)
    assert "rolled back" in listed
    assert desk.run("status", view["train"]).code == 3
    for name, was in before.items():
        was.assert_taken_back()
        assert subjects(desk.remotes[name])[0] == f"revert: release {name} 1.1.0"


def test_one_component_is_taken_back_with_its_dependents(desk: Desk) -> None:
    """What was asked for ends with 0; the train then counts as partly released."""
    assert desk.run("--quiet", "release", "--yes").code == 0
    said = desk.run("rollback", desk.train, "--component", "api", "--yes")
    assert said.code == 0, said
    assert "undone, in this order: app, api" in said.out
    status = desk.run("status", desk.train, "--json")
    assert (status.code, status.json["record"]["released"]) == (1, {"lib": "1.1.0"})


def test_a_failed_step_takes_the_release_back(desk: Desk) -> None:
    """It ends with 3, says why, and lists what stays visible."""
    desk.write(components={"app": {"publish": [failing()]}})
    before = [Before.of(remote) for remote in desk.remotes.values()]
    said = desk.run("release", "--yes")
    assert said.code == 3, said
    assert "cause: [RP400] app/deploy: app: the command ended with status 1" in said.out
    assert "lib/push" in said.out
    for was in before:
        was.assert_taken_back()


def test_a_failure_with_stop_leaves_what_was_done(desk: Desk) -> None:
    """It ends with 1, because neither is everything released nor was anything taken back."""
    desk.write(components={"api": {"publish": [failing()]}}, on_failure="stop")
    said = desk.run("release", "--yes")
    assert said.code == 1, said
    assert "refs/tags/v1.1.0" in desk.remotes["lib"].refs()
    assert f"releasepilot rollback {desk.train}" in said.out


def test_what_cannot_be_undone_is_shown_before_and_listed_after(desk: Desk) -> None:
    """A failure past the point of no return ends with 6, and somebody has to look."""
    shipped = desk.folder / "shipped"
    ship = {"uses": "exec", "name": "ship", "class": "pivot", "undo": "none", "apply": f"touch {shipped}"}
    tell = failing("tell", **{"class": "retriable"})
    desk.write(components={"app": {"publish": [ship, tell]}})
    said = desk.run("release", "--yes")
    assert said.code == 6, said
    assert "point of no return: app/ship" in said.out
    assert "somebody must act" in said.out
    assert desk.run("status", desk.train).code == 6
    assert shipped.exists()


def test_a_gate_waits_for_its_approval(desk: Desk) -> None:
    """Started with 0, waiting is 5; an approval of another plan is refused, one of this plan releases."""
    desk.write(gates=GATE)
    started = desk.run("release", "--yes", "--detach")
    assert (started.code, "is started" in started.out) == (0, True)
    waiting = desk.run("status", desk.train, "--json")
    assert (waiting.code, waiting.json["phase"]) == (5, "waiting")
    wrong = desk.run("approve", desk.train, "--comment", "seen", "--plan", "sha256:0")
    assert (wrong.code, "RP502" in wrong.err) == (1, True)
    assert desk.run("approve", desk.train, "--comment", "seen", "--plan", waiting.json["plan_digest"]).code == 0
    done = desk.run("status", desk.train, "--watch", "--json")
    assert (done.code, done.json["record"]["outcome"]) == (0, "released")


def test_what_happened_is_told_with_what_was_refused(desk: Desk) -> None:
    """The vote that could not count stands between the gate that it was for and the vote that did."""
    desk.write(gates=GATE)
    desk.run("release", "--yes", "--detach", "--urgency", "hotfix")
    desk.run("status", desk.train)
    assert _until_told(desk, "train:started")["data"]["request"]["urgency"] == "hotfix"
    gate = _until_told(desk, "gate:opened")
    assert desk.run("approve", desk.train, "--comment", "seen", "--plan", "sha256:0").code == 1
    refused = _until_told(desk, "refused")
    assert (refused["tried"], refused["code"], refused["times"]) == ("approve", "RP502", 1)
    assert refused["reason"].startswith("the plan has changed since you saw it")
    assert desk.run("reject", desk.train, "--comment", "not today").code == 0
    desk.run("status", desk.train, "--watch")
    told = desk.run("events", desk.train).out
    kinds = ("train:started", "gate:opened", "refused", "gate:voted", "train:ended")
    places = [told.index(kind) for kind in kinds]
    assert places == sorted(places), told
    later = desk.run("events", desk.train, "--json", "--since", str(gate["seq"])).json
    assert {one["type"] for one in later} >= {"refused", "gate:voted", "train:ended"}
    assert "gate:opened" not in {one["type"] for one in later}
    assert desk.run("events", "no-such-train").code == 2


def _until_told(desk: Desk, kind: str) -> dict[str, Any]:
    """Return the first event of a kind once the ledger has it."""
    for _ in range(100):
        for one in desk.run("events", desk.train, "--json").json:
            if one["type"] == kind:
                return dict(one)
    raise AssertionError(f"no {kind} is told")


def test_a_rejection_ends_with_4_and_touches_nothing(desk: Desk) -> None:
    """What waits says who may approve it and how; the reason is in the record."""
    desk.write(gates=GATE)
    before = [Before.of(remote) for remote in desk.remotes.values()]
    watching = desk.begin("release", "--yes")
    waiting = desk.run("status", desk.train)
    while waiting.code == 2 or "gate approval" not in waiting.out:
        waiting = desk.run("status", desk.train)
    assert f"may run: releasepilot approve {desk.train}-" in waiting.out
    assert desk.run("reject", desk.train, "--comment", "not today").code == 0
    said = desk.ended(watching)
    assert said.code == 4, said
    assert "not today" in said.out
    status = desk.run("status", desk.train)
    assert status.code == 4, status
    for was in before:
        was.assert_untouched()


def answered(desk: Desk, answer: str, *words: str) -> tuple[int, str]:
    """Run a command on a terminal on which somebody types an answer; return its exit code and output."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        ended = subprocess.run(
            [*COMMAND, *words],
            cwd=desk.folder,
            env={**os.environ, "RELEASEPILOT_STATE_DIR": str(desk.state_dir)},
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return ended.returncode, ended.stdout + ended.stderr


def at_its_gate(desk: Desk) -> Said:
    """Return what `status --json` says as soon as the train waits; a train that was just started is not known yet."""
    said = desk.run("status", desk.train, "--json")
    while said.code == 2 or said.json["phase"] != "waiting":
        assert said.code in (2, 5), said
        said = desk.run("status", desk.train, "--json")
    return said


def test_a_plan_that_changed_at_its_gate_is_not_approved_unseen(desk: Desk) -> None:
    """It is told with its digest; a vote names that digest, or follows an answer on a terminal."""
    desk.write(gates=GATE)
    assert desk.run("release", "--yes", "--detach").code == 0
    waiting = at_its_gate(desk)
    watching = desk.begin("status", desk.train, "--watch")
    desk.remotes["lib"].add("feat: other\n\nBREAKING CHANGE: lib is another")
    first = desk.run("approve", desk.train, "--comment", "seen")
    assert (first.code, f"approved plan {waiting.json['plan_digest']}" in first.out) == (0, True), first
    while not waiting.json["changes"]:
        waiting = at_its_gate(desk)
    digest = waiting.json["plan_digest"]
    told = desk.run("status", desk.train).out
    assert "lib: version 2.0.0 instead of 1.1.0" in told
    assert f"plan {digest} waits" in told
    unseen = desk.run("approve", desk.train, "--comment", "blind")
    assert (unseen.code, unseen.out) == (2, ""), unseen
    assert f"--plan {digest} --comment TEXT" in unseen.err
    assert desk.run("status", desk.train, "--plan").out.splitlines()[-1] == f"plan {digest}"
    assert desk.run("status", desk.train, "--plan", "--json").json["releases"][0]["to_version"] == "2.0.0"
    refused, said = answered(desk, "n\n", "approve", desk.train, "--comment", "no")
    assert (refused, "lib: version 2.0.0 instead of 1.1.0" in said) == (1, True), said
    agreed, said = answered(desk, "y\n", "approve", desk.train, "--comment", "seen again")
    assert (agreed, f"approved plan {digest}" in said) == (0, True), said
    end = desk.ended(watching)
    assert (end.code, end.out.count("the plan has changed:"), "released lib 2.0.0" in end.out) == (0, 1, True), end


def test_a_watch_brings_back_servers_that_were_killed(desk: Desk) -> None:
    """The supervisor's end ends its servers; the watch starts them again and goes on, without the driver's words."""
    desk.write(gates=GATE)
    settings = Settings.load({}, state_dir=desk.state_dir)
    assert desk.run("release", "--yes", "--detach").code == 0
    at_its_gate(desk)
    watching = desk.begin("status", desk.train, "--watch")
    assert watching.stdout is not None
    assert watching.stdout.readline()
    before = stack_status(settings)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: (now := stack_status(settings)) is not None and now.pid != before.pid and is_ready(settings))
    assert desk.run("approve", desk.train, "--comment", "seen").code == 0
    end = desk.ended(watching)
    assert (end.code, end.err, "Released." in end.out) == (0, "", True), end


def test_a_watch_leaves_servers_alone_that_were_stopped(desk: Desk) -> None:
    """`down` ends it with 5 and the way back; the train still waits when the servers run again."""
    desk.write(gates=GATE)
    settings = Settings.load({}, state_dir=desk.state_dir)
    assert desk.run("release", "--yes", "--detach").code == 0
    at_its_gate(desk)
    watching = desk.begin("status", desk.train, "--watch")
    assert watching.stdout is not None
    assert watching.stdout.readline()
    assert desk.run("down").code == 0
    end = desk.ended(watching)
    assert (end.code, "goes on as soon as they run again" in end.err) == (5, True), end
    assert "psycopg" not in end.err
    assert stack_status(settings) is None
    assert desk.run("status", desk.train).code == 5
    assert desk.run("abort", desk.train, "--comment", "not now").code == 0
    rejected = desk.run("status", desk.train, "--watch")
    assert (rejected.code, ": not now" in rejected.out) == (4, True), rejected


def test_pause_resume_and_abort_steer_a_running_train(desk: Desk) -> None:
    """A paused train starts nothing (5), goes on when resumed, and is taken back when aborted (3)."""
    desk.write(components={"lib": {"publish": [desk.waits_for("one")]}, "api": {"publish": [desk.waits_for("two")]}})
    before = [Before.of(remote) for remote in desk.remotes.values()]
    assert desk.run("release", "--yes", "--detach").code == 0
    desk.begun("one")
    assert desk.run("pause", desk.train).code == 0
    desk.go("one")
    paused = desk.run("status", desk.train, "--json")
    assert (paused.code, paused.json["phase"], paused.json["statuses"]["api/push"]) == (5, "paused", "pending")
    assert desk.run("resume", desk.train).code == 0
    desk.begun("two")
    assert desk.run("abort", desk.train).code == 0
    said = desk.run("status", desk.train, "--watch")
    assert said.code == 3, said
    assert "aborted by" in said.out
    late = desk.run("pause", desk.train)
    assert (late.code, "error[RP500]" in late.err) == (1, True)
    for was in before:
        was.assert_taken_back()


def test_ctrl_c_leaves_a_release_and_the_train_goes_on(desk: Desk) -> None:
    """The command ends with 5 and says how to come back; the release is made all the same."""
    desk.write(components={"lib": {"publish": [desk.waits_for("go")]}})
    watching = desk.begin("release", "--yes")
    desk.begun("go")
    left = desk.interrupt(watching)
    assert left.code == 5, left
    assert f"which goes on; look at it again with: releasepilot status {desk.train}" in left.err
    assert desk.run("status", desk.train).code == 5
    desk.go("go")
    assert desk.run("status", desk.train, "--watch").code == 0
    assert "refs/tags/v1.1.0" in desk.remotes["app"].refs()


def test_ctrl_c_leaves_a_watched_status_too(desk: Desk) -> None:
    """Watching is only watching."""
    desk.write(components={"lib": {"publish": [desk.waits_for("go")]}})
    assert desk.run("release", "--yes", "--detach").code == 0
    watching = desk.begin("status", desk.train, "--watch")
    desk.begun("go")
    assert watching.stdout is not None
    assert watching.stdout.readline()
    left = desk.interrupt(watching)
    assert (left.code, "goes on" in left.err) == (5, True), left
    desk.go("go")
    assert desk.run("status", desk.train, "--watch").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("release",),
        ("status", "no-such-train"),
        ("approve", "no-such-train"),
        ("plan", "--no-such-option"),
    ],
    ids=" ".join,
)
def test_what_names_nothing_is_wrong_usage(desk: Desk, words: tuple[str, ...]) -> None:
    """A question that nobody can answer, an unknown train, a missing and an unknown option end with 2 and a reason."""
    said = desk.run(*words)
    assert (said.code, said.out) == (2, ""), said
    assert said.err


def test_a_repository_that_cannot_be_read_is_an_error_for_people_and_machines(desk: Desk) -> None:
    """Code, component, cause and remedy, with exit code 1; no remote is touched."""
    make_remote(desk.folder / "remotes" / "empty.git", [])
    desk.write(components={"api": {"repo": "remotes/empty.git"}, "app": {"repo": "remotes/nowhere.git"}})
    was = Before.of(desk.remotes["lib"])
    said = desk.run("release", "--yes")
    assert (said.code, said.out) == (1, ""), said
    assert "api: " in said.err
    assert "is empty" in said.err
    assert "app: " in said.err
    assert "\nhint: " in said.err
    error = json.loads(desk.run("--quiet", "plan", "--json").err)
    assert (error["code"], error["hint"] != "") == ("RP202", True)
    was.assert_untouched()


def test_a_rule_denies_before_anything_starts(desk: Desk) -> None:
    """`plan` shows it in three ways and ends with 5; `release` ends with its code, and no remote is touched."""
    tests = [{"input": {"release": {"dependents": 9}}, "expect": "deny"}]
    desk.write(rules=[{"id": "few", "expr": "release.dependents > 1", "message": "too many follow", "tests": tests}])
    before = [Before.of(remote) for remote in desk.remotes.values()]
    as_text, as_markdown, as_json = desk.run("plan"), desk.run("plan", "--markdown"), desk.run("plan", "--json")
    assert (as_text.code, as_markdown.code, as_json.code) == (5, 5, 5)
    assert "denied: the rule 'few' for lib: too many follow" in as_text.out
    assert "- **denied**: the rule 'few' for lib: too many follow" in as_markdown.out
    verdicts = as_json.json["assessment"]["verdicts"]
    assert [(one["component"], one["outcome"]) for one in verdicts] == [
        ("lib", "deny"),
        ("api", "pass"),
        ("app", "pass"),
    ]
    assert "Risk: " in as_text.out
    assert as_json.json["assessment"]["risk"]["level"] in {"low", "medium", "high"}
    said = desk.run("release", "--yes")
    assert said.code == 5
    assert said.err.startswith("error[RP308] the rule 'few' for lib: too many follow")
    assert desk.run("next").code == 0
    for was in before:
        was.assert_untouched()


def test_a_warning_is_kept_with_the_train(desk: Desk) -> None:
    """It stops nothing, and the plan of the train is shown with what was said of it then."""
    tests = [{"input": {"release": {"dependents": 9}}, "expect": "warn"}]
    many = {"id": "many", "expr": "release.dependents > 1", "effect": "warn", "message": "many follow", "tests": tests}
    desk.write(rules=[many])
    said = desk.run("release", "--yes")
    assert said.code == 0
    told = "warning: the rule 'many' for lib: many follow"
    assert told in said.out
    assert told in desk.run("status", "--plan").out
    verdicts = desk.run("status", "--plan", "--json").json["assessment"]["verdicts"]
    assert [one["outcome"] for one in verdicts] == ["warn", "pass", "pass"]


def test_when_says_what_comes_first_and_what_if_it_is_missed(desk: Desk) -> None:
    """In words and as JSON, by the ledger where there is one; without an opening it ends with 5."""
    office = {"name": "office", "zone": "UTC", "start": "2026-01-05T09:00", "duration": "1h", "rrule": "FREQ=DAILY"}
    desk.write(windows=[office])
    at = ("--at", "2030-01-07T09:30Z")
    said = desk.run("when", *at)
    assert said.code == 0, said.err
    assert said.out.startswith("starts Mon 2030-01-07 09:30 UTC (UTC)\n")
    assert "is missed, the next slot is Tue 2030-01-08 09:00 UTC (UTC)" in said.out
    told = desk.run("when", *at, "--json").json
    assert told["starts"] == "2030-01-07T09:30:00Z"
    assert told["next_slot"]["starts"] == "2030-01-08T09:00:00Z"
    assert {one["step"].partition("/")[0] for one in told["steps"]} == {"lib", "api", "app"}
    assert desk.run("when", *at, "--lead", "45m", "--json").json["starts"] == "2030-01-08T09:00:00Z"
    desk.write(windows=[{**office, "duration": "30s"}])
    assert desk.run("when", *at).code == 5


def test_a_schedule_is_set_listed_and_removed(desk: Desk) -> None:
    """By name, with what it was told; what it cannot be is a mistake of usage."""
    assert desk.run("schedule", "nightly", "--yes").code == 2
    assert desk.run("schedule", "nightly", "--at", "2020-01-01T00:00Z", "--yes").code == 2
    assert desk.run("schedule", "nightly", "--next-window", "--yes").code == 2
    assert desk.run("schedule", "a name", "--cron", "0 3 * * *", "--yes").code == 2
    said = desk.run("schedule", "nightly", "--cron", "0 3 * * *", "--catch-up", "1s", "--yes")
    assert said.code == 2
    assert "catch-up: Input should be greater than or equal to 10" in said.err
    assert desk.run("schedule", "nightly", "--cron", "0 3 * * *", "--zone", "Mars/Base", "--yes").code == 2
    said = desk.run(
        "schedule", "nightly", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "--overlap", "wait", "--yes"
    )
    assert said.code == 0, said.err
    assert said.out == f"nightly: {desk.train} by '0 3 * * *' on the clocks of Europe/Berlin\n"
    said = desk.run("schedule", "later", "--at", "2035-01-01T09:00+01:00", "--yes")
    assert said.code == 0, said.err
    assert said.out.endswith(f"later: {desk.train} at Mon 2035-01-01 08:00 UTC (UTC)\n")
    eventually(lambda: len(desk.run("schedule", "list", "--json").json) == 2)
    first, second = desk.run("schedule", "list", "--json").json
    assert (first["name"], first["timetable"]["at"], first["next"]) == (
        "later",
        "2035-01-01T09:00:00+01:00",
        "2035-01-01T08:00:00Z",
    )
    assert (second["name"], second["timetable"]["overlap"]) == ("nightly", "wait")
    assert "0 3 * * * (Europe/Berlin)" in desk.run("schedule", "list").out
    assert desk.run("schedule", "remove", "nightly").code == 0
    assert desk.run("schedule", "remove", "later").code == 0
    assert desk.run("schedule", "remove", "nightly").code == 1
