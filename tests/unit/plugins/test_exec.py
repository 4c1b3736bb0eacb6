"""What `exec` runs, with which words and environment, and what it makes of how a command ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue, ValidationError
from support.calls import TRAIN, a_call, a_release, an_edit
from support.patience import until
from support.remotes import Remote, make_remote
from support.stacks import eventually

from releasepilot.errors import StepConflict, StepError, StepRefused
from releasepilot.model.plan import Release
from releasepilot.model.receipt import Presence
from releasepilot.plugins.builtin.exec import Exec, ExecConfig
from releasepilot.plugins.builtin.git import GitPublish, GitStage
from releasepilot.plugins.spec import Call, Tools


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Make a repository with a version file."""
    return make_remote(tmp_path / "api.git", files={"VERSION": "1.0.0\n"})


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Work in a fresh cache."""
    return Tools(cache=tmp_path / "cache", git_timeout=20)


@pytest.fixture
def planned(remote: Remote) -> Release:
    """Plan a release, of which the remote knows nothing yet."""
    return a_release(remote, edits=(an_edit(remote, "VERSION", "1.0.0", "1.1.0"),))


@pytest.fixture
async def release(planned: Release, tools: Tools) -> Release:
    """Stage a release of a small component."""
    await GitStage(tools).apply(a_call(GitStage, planned))
    return planned


@pytest.fixture
def actuator(tools: Tools) -> Exec:
    """Run commands."""
    return Exec(tools)


def shell(release: Release, script: str, **more: JsonValue) -> Call[Any]:
    """Call with a script as the applying command."""
    return a_call(Exec, release, {"shell": True, "apply": script, **more})


async def test_commands_run_in_the_files_of_the_release(actuator: Exec, release: Release, tmp_path: Path) -> None:
    """All three see the new version and no repository, and may leave files of their own behind."""
    look = f'test ! -e .git && test "$PWD" = "$RELEASEPILOT_TREE" && echo {{}} $(cat VERSION) >> {tmp_path}/log; : > x'
    verbs: dict[str, JsonValue] = {verb: look.format(verb) for verb in ("apply", "observe", "revert")}
    call = a_call(Exec, release, {"shell": True, **verbs})
    await actuator.observe(call)
    await actuator.apply(call)
    await actuator.revert(call, None)
    assert (tmp_path / "log").read_text() == "observe 1.1.0\napply 1.1.0\nobserve 1.1.0\nrevert 1.1.0\n"


async def test_a_published_release_is_found_by_its_tag(
    actuator: Exec, release: Release, remote: Remote, tools: Tools, tmp_path: Path
) -> None:
    """The staging ref is gone by then; what the branch got before the release is in the files too."""
    remote.add("fix: meanwhile")
    await GitPublish(tools).apply(a_call(GitPublish, release))
    assert not any(ref.startswith("refs/releasepilot/") for ref in remote.refs())
    elsewhere = Exec(Tools(cache=tmp_path / "another", git_timeout=20))
    for one in (actuator, elsewhere):
        await one.apply(a_call(Exec, release, {"apply": "grep -q 1.1.0 VERSION", "observe": "true"}))


async def test_without_a_staged_release_nothing_is_run(actuator: Exec, planned: Release, tmp_path: Path) -> None:
    """The error says which step is missing, and the command was not started."""
    with pytest.raises(StepError, match="holds no staged release") as caught:
        await actuator.apply(shell(planned, f"touch {tmp_path}/ran"))
    assert "git.stage" in caught.value.hint
    assert not (tmp_path / "ran").exists()


async def test_a_release_that_was_taken_back_can_still_be_undone(
    release: Release, remote: Remote, tools: Tools, tmp_path: Path
) -> None:
    """Undoing goes on where git's part was undone first, also on a machine that never saw the release."""
    publish = a_call(GitPublish, release)
    await GitPublish(tools).apply(publish)
    await GitPublish(tools).revert(publish, None)
    assert "refs/tags/v1.1.0" not in remote.refs()
    elsewhere = Exec(Tools(cache=tmp_path / "another", git_timeout=20))
    call = shell(release, "true", observe="exit 0", revert=f"cat VERSION > {tmp_path}/seen")
    assert await elsewhere.revert(call, None) == ""
    assert (tmp_path / "seen").read_text() == "1.1.0\n"


async def test_commands_do_not_get_what_opens_the_ledger(
    actuator: Exec, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's address and Temporal's keys stay with the worker; the rest of its environment is there."""
    monkeypatch.setenv("RELEASEPILOT_DATABASE_URL", "postgresql://u:hunter2@db/x")
    monkeypatch.setenv("TEMPORAL_API_KEY", "hunter2")
    monkeypatch.setenv("REGISTRY_TOKEN", "theirs")
    script = 'test "$REGISTRY_TOKEN" = theirs && ! env | grep -q hunter2'
    await actuator.apply(shell(release, script))


async def test_another_trains_release_is_not_taken_for_ours(actuator: Exec, release: Release) -> None:
    """A tag of the same name does not make it the commit of this train."""
    with pytest.raises(StepError, match="holds no staged release"):
        await actuator.apply(a_call(Exec, release, {"apply": "true"}, train="july-1a2b3c4d5e"))


async def test_a_component_of_a_monorepo_runs_in_its_folder(actuator: Exec, tmp_path: Path, tools: Tools) -> None:
    """A relative name is one of the component's own; the top of the files is named in the environment."""
    remote = make_remote(tmp_path / "mono.git", files={"api/VERSION": "1.0.0\n", "shared.txt": "s"})
    edits = (an_edit(remote, "api/VERSION", "1.0.0", "1.1.0"),)
    release = a_release(remote, edits=edits).model_copy(update={"path": "api"})
    await GitStage(tools).apply(a_call(GitStage, release))
    script = 'test -e VERSION && test -e "$RELEASEPILOT_TREE/shared.txt" && test "$PWD" = "$RELEASEPILOT_TREE/api"'
    await actuator.apply(shell(release, script))


async def test_a_folder_that_the_release_does_not_have_is_named(actuator: Exec, release: Release) -> None:
    """A program that is there is not blamed for it."""
    missing = release.model_copy(update={"path": "web"})
    with pytest.raises(StepRefused, match=r"there is no folder .*/web to run 'true' in"):
        await actuator.apply(a_call(Exec, missing, {"apply": "true"}))


async def test_without_a_tree_no_repository_is_asked(
    actuator: Exec, planned: Release, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command starts in an empty folder, also where the repository is gone; the folder goes afterwards."""
    remote.folder.rename(tmp_path / "moved.git")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    script = f'test -z "$(ls -A)" && test -z "$RELEASEPILOT_TREE" && pwd > {tmp_path}/where'
    await actuator.apply(shell(planned, script, tree=False))
    assert (tmp_path / "where").read_text().startswith(f"{temporary}/")
    assert list(temporary.iterdir()) == []


async def test_each_call_asks_the_remote_once(
    actuator: Exec, release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One listing of refs a call, and no transfer where the mirror has the commit; a marker is read without any."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    marked = shell(release, "true", revert="true")
    assert (await actuator.observe(marked)).presence is Presence.ABSENT
    assert not trace.exists()
    observed = shell(release, "true", observe="true", revert="true")
    await actuator.observe(observed)
    await actuator.apply(observed)
    await actuator.revert(observed, None)
    said = trace.read_text()
    assert said.count("built-in: git ls-remote") == 3
    assert "built-in: git fetch" not in said


async def test_placeholders_fill_words_after_splitting(actuator: Exec, planned: Release, tmp_path: Path) -> None:
    """A value with spaces or quotes stays one word; other braces stay as they are."""
    nasty = planned.model_copy(update={"to_version": "1.0.0 $(touch x); 'y'"})
    words = f"{_writer(tmp_path)} {{version}} --tag={{tag}} {{other}} '{{print $1}}'"
    await actuator.apply(a_call(Exec, nasty, {"apply": words, "tree": False}))
    assert (tmp_path / "words").read_text().splitlines() == [
        "1.0.0 $(touch x); 'y'",
        "--tag=v1.1.0",
        "{other}",
        "{print $1}",
    ]


async def test_a_shell_gets_the_facts_as_environment(actuator: Exec, release: Release, tmp_path: Path) -> None:
    """In a script nothing is filled in: values come as variables, next to those of the catalog."""
    script = 'printf "%s|" "{version}" "$RELEASEPILOT_VERSION" "$RELEASEPILOT_EFFECT_KEY" "$WHERE" > "$WHERE"'
    out = tmp_path / "out"
    await actuator.apply(shell(release, script, env={"WHERE": str(out), "RELEASEPILOT_VERSION": "forged"}))
    assert out.read_text() == f"{{version}}|1.1.0|{TRAIN}/api/exec|{out}|"


async def test_a_failing_command_can_be_tried_again(actuator: Exec, release: Release) -> None:
    """The error holds the end of what the command wrote, no more than 4 kB of it."""
    with pytest.raises(StepError, match="ended with status 7") as caught:
        await actuator.apply(shell(release, "yes complaint | head -c 100000; echo the end >&2; exit 7"))
    assert caught.value.retryable
    assert "the end" in caught.value.message
    assert len(caught.value.message) < 4300


async def test_a_command_that_does_not_exist_is_refused(actuator: Exec, release: Release) -> None:
    """Trying again would not install it."""
    with pytest.raises(StepRefused, match="'no-such-program' cannot be started"):
        await actuator.apply(a_call(Exec, release, {"apply": "no-such-program --now"}))


async def test_a_time_limit_ends_the_whole_group(actuator: Exec, release: Release) -> None:
    """Children of a script that takes too long do not live on."""
    call = a_call(Exec, release, {"shell": True, "apply": "echo begun; sleep 4721.5 & sleep 4721.5"}, timeout=3)
    with pytest.raises(StepError, match=r"did not end within [\d.]+ seconds: begun"):
        await actuator.apply(call)
    assert not _running("sleep 4721.5")


async def test_cancellation_ends_the_whole_group(actuator: Exec, release: Release, tmp_path: Path) -> None:
    """An aborted step leaves nothing running."""
    script = f"sleep 4722.5 & touch {tmp_path}/begun; sleep 4722.5"
    task = asyncio.create_task(actuator.apply(shell(release, script)))
    await until((tmp_path / "begun").exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _running("sleep 4722.5")


async def test_a_command_reads_nothing_and_may_leave_a_service_behind(actuator: Exec, release: Release) -> None:
    """Standard input is empty, and a background process with our pipe open does not hold up the step."""
    began = time.monotonic()
    await actuator.apply(shell(release, "cat; sleep 40 & echo started"))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("status", "presence"), [(0, Presence.PRESENT), (1, Presence.ABSENT), (3, Presence.CONFLICT)])
async def test_exit_codes_of_observe(actuator: Exec, release: Release, status: int, presence: Presence) -> None:
    """0 present, 1 absent, 3 conflict; what it wrote is what was found."""
    seen = await actuator.observe(shell(release, "true", observe=f"echo sha256:1; exit {status}"))
    assert seen.presence is presence
    assert seen.found == ("" if status == 1 else "sha256:1")


async def test_any_other_exit_code_of_observe_is_an_error(actuator: Exec, release: Release) -> None:
    """An observer that fails says nothing about the world."""
    with pytest.raises(StepError, match="observe command ended with status 2"):
        await actuator.observe(shell(release, "true", observe="exit 2"))


async def test_a_marker_remembers_across_restarts(release: Release, tools: Tools) -> None:
    """Another process with the same cache folder sees the effect; another version under its name is a conflict."""
    await Exec(tools).apply(shell(release, "true"))
    again = Exec(tools)
    assert (await again.observe(shell(release, "true"))).presence is Presence.PRESENT
    other = shell(release.model_copy(update={"to_version": "9.0.0"}), "true")
    assert (await again.observe(other)).presence is Presence.CONFLICT
    with pytest.raises(StepConflict):
        await again.apply(other)


@pytest.mark.parametrize("script", ["exit 1", "sleep 4723.5"])
async def test_a_command_that_did_not_end_well_may_have_had_its_effect(
    actuator: Exec, release: Release, tmp_path: Path, script: str
) -> None:
    """It is absent, so that it is run again, but not for certain; once it has ended well it is there."""
    done = tmp_path / "done"
    call = a_call(Exec, release, {"shell": True, "apply": f"test -e {done} || {script}"}, timeout=3)
    with pytest.raises(StepError):
        await actuator.apply(call)
    seen = await actuator.observe(call)
    assert (seen.presence, seen.uncertain) == (Presence.ABSENT, True)
    assert seen.detail == "it was begun and may have had its effect"
    done.touch()
    await actuator.apply(call)
    assert (await actuator.observe(call)).presence is Presence.PRESENT


async def test_an_aborted_command_is_taken_back_by_its_revert(
    actuator: Exec, release: Release, tools: Tools, tmp_path: Path
) -> None:
    """Another process with the same cache folder knows that it was begun; afterwards nothing is uncertain."""
    log = tmp_path / "log"
    call = shell(release, f"echo begun >> {log}; sleep 4724.5", revert=f"echo undone >> {log}")
    task = asyncio.create_task(actuator.apply(call))
    await asyncio.to_thread(eventually, log.exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = Exec(tools)
    assert (await again.observe(call)).uncertain
    assert await again.revert(call, None) == ""
    assert log.read_text() == "begun\nundone\n"
    seen = await again.observe(call)
    assert (seen.presence, seen.uncertain) == (Presence.ABSENT, False)


async def test_a_command_that_could_not_be_started_is_known_to_be_absent(actuator: Exec, release: Release) -> None:
    """Nothing ran, so nothing is uncertain, unless an earlier attempt got further."""
    missing = a_call(Exec, release, {"apply": "no-such-program"})
    with pytest.raises(StepRefused):
        await actuator.apply(missing)
    assert not (await actuator.observe(missing)).uncertain
    with pytest.raises(StepError):
        await actuator.apply(shell(release, "exit 1"))
    with pytest.raises(StepRefused):
        await actuator.apply(missing)
    assert (await actuator.observe(missing)).uncertain


async def test_where_it_can_be_asked_about_nothing_is_remembered(actuator: Exec, release: Release) -> None:
    """An observing command knows better than a marker."""
    call = shell(release, "exit 1", observe="exit 1")
    with pytest.raises(StepError):
        await actuator.apply(call)
    assert not (await actuator.observe(call)).uncertain


async def test_a_silent_command_leaves_no_dangling_colon(actuator: Exec, release: Release) -> None:
    """Without output the messages end with the status or the limit."""
    with pytest.raises(StepError, match=r"^api: the command ended with status 1$"):
        await actuator.apply(shell(release, "exit 1"))
    with pytest.raises(StepError, match=r"^api: the revert command ended with status 1$"):
        await actuator.revert(shell(release, "true", revert="exit 1"), None)
    with pytest.raises(StepError, match=r"^api: the observe command ended with status 2$"):
        await actuator.observe(shell(release, "true", observe="exit 2"))
    with pytest.raises(StepError, match=r"did not end within 1 seconds$"):
        await actuator.apply(a_call(Exec, release, {"apply": "sleep 4725.5"}, timeout=1))
    seen = await actuator.observe(shell(release, "true", observe="exit 3"))
    assert seen.detail == "the observe command ended with status 3"


async def test_without_a_revert_command_the_effect_is_said_to_stay(actuator: Exec, release: Release) -> None:
    """Nobody is told that something was undone which was not."""
    call = shell(release, "true")
    await actuator.apply(call)
    assert await actuator.revert(call, None) == "the effect of api/exec stays: its declaration has no revert command"
    assert (await actuator.observe(call)).presence is Presence.PRESENT


async def test_a_revert_runs_where_an_apply_may_have_run(actuator: Exec, release: Release, tmp_path: Path) -> None:
    """Without an observer and without a marker the effect may still be there; after a revert it is not run again."""
    log = tmp_path / "log"
    call = shell(release, "true", revert=f"echo undone >> {log}")
    await actuator.revert(call, None)
    await actuator.revert(call, None)
    assert log.read_text() == "undone\n"


async def test_a_failing_revert_can_be_tried_again(actuator: Exec, release: Release) -> None:
    """Compensations have their own retries."""
    with pytest.raises(StepError, match="revert command ended with status 1") as caught:
        await actuator.revert(shell(release, "true", revert="exit 1"), None)
    assert caught.value.retryable


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"apply": ""},
        {"apply": []},
        {"apply": ["make", "a\0b"]},
        {"apply": ["make", "all"], "shell": True},
        {"apply": "make", "env": {"A=B": "c"}},
        {"apply": "make", "cwd": "/"},
    ],
)
def test_a_configuration_that_cannot_work_is_refused(config: dict[str, JsonValue]) -> None:
    """A catalog's author hears of it before a train starts."""
    with pytest.raises(ValidationError):
        ExecConfig.model_validate(config)


def test_a_script_keeps_its_quotes() -> None:
    """One text for a shell is not split on the way."""
    script = "echo 'a  b' && \"$HOME\""
    assert ExecConfig.model_validate({"apply": script, "shell": True}).apply == (script,)


def _writer(folder: Path) -> Path:
    """Make a program that writes its words into a file, one a line."""
    program = folder / "write-words"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/words\n')
    program.chmod(0o755)
    return program


def _running(words: str) -> bool:
    """Look for a process by its words; a killed one may take a moment to go."""
    for _ in range(200):
        listing = subprocess.run(["ps", "-eo", "pid,args"], check=True, capture_output=True, text=True).stdout
        if not any(words in line and str(os.getpid()) not in line.split()[:1] for line in listing.splitlines()):
            return False
        time.sleep(0.05)
    return True
